/** A server that hangs, with bounds on its calls and a circuit breaker: who calls it is told at once, and nobody else notices. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, runCli, startGateway } from '../support/gateway.ts';
import { textOf } from '../support/good-server.ts';
import { callTool } from '../support/raw-client.ts';
import { stdioEntry } from '../support/real-servers.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_e2e_bounds_0123456789abcdef';
const TOO_MANY = -31503;
const UNAVAILABLE = -31510;
const TIMEOUT = -31513;

interface Listed {
  readonly id: string;
  readonly circuit?: string;
  readonly calls?: { readonly running: number; readonly queued: number };
}

test('a hanging server is bounded, then not called any more, then tried again and used', {
  timeout: 60_000,
}, async (t) => {
  const hostile = stdioEntry(join(ROOT, 'test/support/hostile-stdio.ts'));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { hangs: hostile, good: hostile },
      serverOptions: {
        hangs: {
          callTimeoutMs: 2_500,
          limits: { maxConcurrent: 2, maxQueued: 1 },
          circuitBreaker: { failures: 2, openMs: 1_000 },
        },
      },
      keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
    },
  });
  await gateway.healthy();
  const status = async (): Promise<Listed | undefined> => {
    const ready = await fetch(`${gateway.url}/ready`, { headers: { authorization: `Bearer ${KEY}` } });
    return ((await ready.json()) as { servers: Listed[] }).servers.find(({ id }) => id === 'hangs');
  };
  const code = async (tool: string): Promise<number | undefined> =>
    (await callTool(gateway, KEY, `hangs__${tool}`, { text: 'hello' })).error?.code;

  const hanging = [code('never'), code('never')];
  await waitFor('two calls to be under way', async () => (await status())?.calls?.running === 2);
  const third = code('echo');
  await waitFor('the third to wait', async () => (await status())?.calls?.queued === 1);
  assert.equal(await code('echo'), TOO_MANY);
  assert.equal(textOf(await callTool(gateway, KEY, 'good__echo', { text: 'hello' })), 'hello');
  assert.deepEqual(await Promise.all(hanging), [TIMEOUT, TIMEOUT]);
  await third;

  // The third may have been answered in between; then two more failures are needed.
  for (let n = 0; n < 2 && (await status())?.circuit === 'closed'; n++) await code('never');
  const refused = await callTool(gateway, KEY, 'hangs__echo', { text: 'hello' });
  assert.equal(refused.error?.code, UNAVAILABLE);
  assert.match(refused.error?.message ?? '', /2 calls in a row/);
  assert.match(
    await runCli('servers', '--url', gateway.url, '--key', KEY),
    /circuit (open|half-open).*2 calls in a row/,
  );
  assert.equal(textOf(await callTool(gateway, KEY, 'good__echo', { text: 'hello' })), 'hello');

  await waitFor('the circuit to let one try', async () => (await code('echo')) === undefined);
  assert.equal((await status())?.circuit, 'closed');
  assert.deepEqual((await status())?.calls, { running: 0, queued: 0 });
});
