/** Counts what calls of models took: by operation, provider and model, of which only so many are told apart. */

import type { Call, CallKind } from '../../contracts/call.ts';
import type { ModelAttempt } from '../../contracts/models.ts';
import type { CallFinish, ResultClass } from '../../contracts/trail.ts';
import { type HistogramFigures, HistogramTable } from './histogram.ts';

/** Milliseconds: models take from tens of them to minutes. */
const BOUNDS_MS = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
];
/** Providers' failures are a short list of ours, and statuses are not labels. */
const ANSWERED = 'none';
/** Stands for everything beyond what is told apart. */
const OTHER = 'other';

export const TOKEN_TYPES = ['input', 'output', 'cached', 'reasoning'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

interface Group {
  readonly kind: CallKind;
  readonly provider: string;
  readonly model: string;
  readonly calls: Map<ResultClass, number>;
  readonly tokens: { [type in TokenType]: number };
  estimated: number;
  microUsd: number;
  readonly duration: number;
  readonly firstByte: number;
}

export interface ModelGroupFigures {
  readonly kind: CallKind;
  /** '' where a call never got as far as a provider. */
  readonly provider: string;
  readonly model: string;
  readonly calls: ReadonlyMap<ResultClass, number>;
  readonly tokens: { readonly [type in TokenType]: number };
  /** Calls whose tokens are estimated. */
  readonly estimated: number;
  readonly microUsd: number;
  readonly duration: HistogramFigures;
  readonly firstByte: HistogramFigures;
}

export interface AttemptFigures {
  readonly provider: string;
  readonly model: string;
  /** `none`: it answered. */
  readonly failure: string;
  readonly count: number;
}

export interface ModelFigures {
  readonly boundsMs: readonly number[];
  readonly groups: readonly ModelGroupFigures[];
  readonly attempts: readonly AttemptFigures[];
}

type AttemptRow = { -readonly [member in keyof AttemptFigures]: AttemptFigures[member] };

export interface ModelMeter {
  end(call: Call, finish: CallFinish): void;
  read(): ModelFigures;
}

/** `maxModels`: so many pairs of provider and model are told apart. */
export function createModelMeter({ maxModels }: { readonly maxModels: number }): ModelMeter {
  const table = new HistogramTable(BOUNDS_MS);
  const groups = new Map<string, Group>();
  const attempts = new Map<string, AttemptRow>();
  const known = new Set<string>();

  /** Names of models come from clients. */
  const bounded = (provider: string, model: string): { readonly provider: string; readonly model: string } => {
    const name = `${provider}/${model}`;
    if (!known.has(name)) {
      if (known.size >= maxModels) return { provider: OTHER, model: OTHER };
      known.add(name);
    }
    return { provider, model };
  };

  /** Most calls are for the same model as the one before: comparing is quicker than putting a name together. */
  let last:
    | { readonly kind: string; readonly serverId: string; readonly target: string; readonly group: Group }
    | undefined;
  const groupOf = ({ kind, facts: { serverId = '', target = '' } }: Call): Group => {
    if (last === undefined || last.kind !== kind || last.serverId !== serverId || last.target !== target)
      last = { kind, serverId, target, group: findGroup(kind, serverId, target) };
    return last.group;
  };
  const findGroup = (kind: Group['kind'], serverId: string, target: string): Group => {
    const { provider, model } = bounded(serverId, target);
    const key = `${kind} ${provider}/${model}`;
    let group = groups.get(key);
    if (group === undefined) {
      const tokens = { input: 0, output: 0, cached: 0, reasoning: 0 };
      const slots = { duration: table.addSlot(), firstByte: table.addSlot() };
      group = { kind, provider, model, calls: new Map(), tokens, estimated: 0, microUsd: 0, ...slots };
      groups.set(key, group);
    }
    return group;
  };

  let lastRow: { readonly attempt: ModelAttempt; readonly row: AttemptRow } | undefined;
  const countAttempt = (attempt: ModelAttempt): void => {
    const before = lastRow?.attempt;
    const isSame =
      before !== undefined &&
      before.provider === attempt.provider &&
      before.model === attempt.model &&
      before.failure === attempt.failure;
    if (!isSame || lastRow === undefined) lastRow = { attempt, row: rowOf(attempt) };
    lastRow.row.count++;
  };
  const rowOf = (attempt: ModelAttempt): AttemptRow => {
    const { provider, model } = bounded(attempt.provider, attempt.model);
    const failure = attempt.failure ?? ANSWERED;
    const key = `${failure} ${provider}/${model}`;
    let row = attempts.get(key);
    if (row === undefined) {
      row = { provider, model, failure, count: 0 };
      attempts.set(key, row);
    }
    return row;
  };

  return {
    end(call, { result, totalMs, priceMicroUsd, model: note }) {
      const group = groupOf(call);
      group.calls.set(result, (group.calls.get(result) ?? 0) + 1);
      group.microUsd += priceMicroUsd ?? 0;
      table.observe(group.duration, totalMs);
      if (note?.firstByteMs !== undefined) table.observe(group.firstByte, note.firstByteMs);
      for (const attempt of note?.attempts ?? []) countAttempt(attempt);
      const usage = note?.usage;
      if (usage === undefined) return;
      group.tokens.input += usage.inputTokens;
      group.tokens.output += usage.outputTokens;
      group.tokens.cached += usage.cachedTokens ?? 0;
      group.tokens.reasoning += usage.reasoningTokens ?? 0;
      if (usage.estimated) group.estimated++;
    },
    read: () => ({
      boundsMs: BOUNDS_MS,
      groups: [...groups.values()].map((group) => ({
        ...group,
        ...{ calls: new Map(group.calls), tokens: { ...group.tokens } },
        ...{ duration: table.read(group.duration), firstByte: table.read(group.firstByte) },
      })),
      attempts: [...attempts.values()].map((row) => ({ ...row })),
    }),
  };
}
