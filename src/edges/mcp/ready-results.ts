/** Results that answer many calls (lists), as the bytes that go out: encoded once, not once per answer. */

import type { McpOutcome } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';

/** A result the pipeline shares between calls. */
export type SharedResult = McpOutcome & { readonly type: 'result'; readonly sharedBytes: number };

/** Below this a string is written as fast as bytes are. */
const MIN_BYTES = 4_096;

/** True for a result of some size that may be kept as bytes. */
export function isShared(outcome: McpOutcome): outcome is SharedResult {
  return outcome.type === 'result' && outcome.sharedBytes !== undefined && outcome.sharedBytes >= MIN_BYTES;
}

/** The bytes of a result as `encode` writes it; made anew only for an outcome not seen before, and gone when that is. */
export type ReadyResults = (outcome: SharedResult, method: string) => Buffer;

/** `encode` turns the text of an outcome into that of the result. An outcome only ever answers one method. */
export function createReadyResults(encode: (text: JsonText, method: string) => JsonText): ReadyResults {
  const ready = new WeakMap<SharedResult, Buffer>();
  return (outcome, method) => {
    let bytes = ready.get(outcome);
    if (bytes === undefined) {
      bytes = Buffer.from(encode(outcome.text, method));
      ready.set(outcome, bytes);
    }
    return bytes;
  };
}

const AFTER_RESULT = Buffer.from('}');

/** A JSON-RPC answer around the bytes of its result. */
export function resultPieces(id: JsonText, result: Buffer): readonly Buffer[] {
  return [Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":`), result, AFTER_RESULT];
}
