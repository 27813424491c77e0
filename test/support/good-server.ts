/** The server that behaves, beside which others misbehave: it has to be served whatever happens. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { callTool, type RawAnswer } from './raw-client.ts';

/** Text of the first content block, if there is one. */
export const textOf = (answer: RawAnswer): unknown =>
  (answer.result?.content as { text?: string }[] | undefined)?.[0]?.text;

/** One call to the witness configured as `good`. */
export async function assertGoodServed(gateway: { readonly mcpUrl: string }, key: string): Promise<void> {
  const nonce = randomUUID();
  const answer = await callTool(gateway, key, 'good__work', { nonce }, { timeoutMs: 5000 });
  assert.equal(textOf(answer), `done ${nonce}`, JSON.stringify(answer));
}
