/** JSON-RPC envelopes of the legacy era; what goes into them is spliced in verbatim. */

import type { McpOutcome } from '../../../contracts/call.ts';
import type { JsonText } from '../../../contracts/json.ts';

export function encodeResult(id: JsonText, result: JsonText): JsonText {
  return `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
}

export function encodeOutcome(id: JsonText, outcome: McpOutcome): JsonText {
  return outcome.type === 'result'
    ? encodeResult(id, outcome.text)
    : `{"jsonrpc":"2.0","id":${id},"error":${outcome.text}}`;
}

export function encodeNotification(method: string, params: JsonText | undefined): JsonText {
  const end = params === undefined ? '}' : `,"params":${params}}`;
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${end}`;
}

export function encodeRequest(id: JsonText, method: string, params: JsonText | undefined): JsonText {
  const end = params === undefined ? '}' : `,"params":${params}}`;
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${end}`;
}
