/** A row of suggestions as both engines keep it. */

import type { ChatDialect } from '../../contracts/chat.ts';
import type { PolicyAction } from '../../contracts/policy.ts';
import type { Suggestion, SuggestionState } from '../../contracts/suggestions.ts';

type Row = { readonly [column: string]: unknown };

/** In the order of `suggestionValues`. */
export const SUGGESTION_COLUMNS = [
  ...['id', 'source', 'run_id', 'call_id', 'key_id', 'model', 'dialect', 'tool_call_id', 'endpoint', 'name'],
  ...['server_id', 'target', 'arguments_hash', 'sealed_arguments', 'verdict', 'at_ms', 'expires_at_ms', 'state'],
  ...['execution_id', 'sealed_result', 'ended_at_ms'],
] as const;

export function suggestionValues(of: Suggestion): (string | number | null)[] {
  return [
    ...[of.id, of.source, of.runId, of.callId, of.keyId, of.model ?? null, of.dialect ?? null, of.toolCallId ?? null],
    ...[of.endpoint, of.name, of.serverId, of.target, of.argumentsHash, of.sealedArguments ?? null, of.verdict],
    ...[of.atMs, of.expiresAtMs, of.state, of.executionId ?? null, of.sealedResult ?? null, of.endedAtMs ?? null],
  ];
}

export function readSuggestion(row: Row): Suggestion {
  const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    id: String(row.id),
    source: String(row.source) as Suggestion['source'],
    runId: String(row.run_id),
    callId: String(row.call_id),
    keyId: String(row.key_id),
    model: textOr(row.model),
    dialect: textOr(row.dialect) as ChatDialect | undefined,
    toolCallId: textOr(row.tool_call_id),
    endpoint: String(row.endpoint),
    name: String(row.name),
    serverId: String(row.server_id),
    target: String(row.target),
    argumentsHash: String(row.arguments_hash),
    sealedArguments: textOr(row.sealed_arguments),
    verdict: String(row.verdict) as PolicyAction,
    atMs: Number(row.at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    state: String(row.state) as SuggestionState,
    executionId: textOr(row.execution_id),
    sealedResult: textOr(row.sealed_result),
    endedAtMs: typeof row.ended_at_ms === 'number' ? row.ended_at_ms : undefined,
  };
}
