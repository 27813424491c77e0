/** A row of runs as both engines keep it. */

import type { ChatDialect } from '../../contracts/chat.ts';
import type { AgentRun, RunEnd, RunState } from '../../contracts/runs.ts';

type Row = { readonly [column: string]: unknown };

/** In the order of `runValues`; `cancel_requested` comes last. */
export const RUN_COLUMNS = [
  ...['id', 'key_id', 'key_name', 'user_id', 'model', 'dialect', 'state', 'ended_by', 'started_at_ms', 'updated_at_ms'],
  ...['expires_at_ms', 'rounds', 'calls', 'input_tokens', 'output_tokens', 'cost_micro_usd', 'pending_json'],
  ...['sealed_state', 'lease_until_ms', 'version', 'cancel_requested'],
] as const;

export function runValues(of: AgentRun): (string | number | null)[] {
  return [
    ...[of.id, of.keyId, of.keyName, of.userId ?? null, of.model, of.dialect, of.state, of.end ?? null],
    ...[of.startedAtMs, of.updatedAtMs, of.expiresAtMs, of.rounds, of.calls, of.inputTokens, of.outputTokens],
    ...[of.costMicroUsd, JSON.stringify(of.pending), of.sealedState ?? null, of.leaseUntilMs, of.version],
    of.cancelRequested ? 1 : 0,
  ];
}

export function readRun(row: Row): AgentRun {
  const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    id: String(row.id),
    keyId: String(row.key_id),
    keyName: String(row.key_name),
    userId: textOr(row.user_id),
    model: String(row.model),
    dialect: String(row.dialect) as ChatDialect,
    state: String(row.state) as RunState,
    end: textOr(row.ended_by) as RunEnd | undefined,
    startedAtMs: Number(row.started_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    rounds: Number(row.rounds),
    calls: Number(row.calls),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    costMicroUsd: Number(row.cost_micro_usd),
    pending: JSON.parse(String(row.pending_json)) as string[],
    sealedState: textOr(row.sealed_state),
    leaseUntilMs: Number(row.lease_until_ms),
    cancelRequested: Number(row.cancel_requested) === 1,
    version: Number(row.version),
  };
}
