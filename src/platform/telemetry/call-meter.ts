/**
 * Counts and times calls, in typed arrays: by kind, era, server and tool. Names come from what was resolved, never from
 * what a client wrote, and only so many are told apart, so that neither a client nor a server can make it grow.
 */

import type { Call, CallKind } from '../../contracts/call.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { Meter } from '../../contracts/meter.ts';
import type { Era } from '../../contracts/peer.ts';
import type { CallFinish, ResultClass } from '../../contracts/trail.ts';
import { grown, type HistogramFigures, HistogramTable } from './histogram.ts';
import { createModelMeter, type ModelFigures, type ModelMeter } from './model-meter.ts';

export const RESULT_CLASSES: readonly ResultClass[] = [
  'ok',
  'tool-error',
  'rpc-error',
  'refused',
  'failed',
  'cancelled',
  'unknown',
];
const RESULT_INDEX: ReadonlyMap<ResultClass, number> = new Map(RESULT_CLASSES.map((result, i) => [result, i]));

/** Milliseconds. Fine where our own share lies, coarse where servers take their time. */
const BOUNDS_MS = [
  0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000,
  300_000,
];

/** Stands for everything beyond what is told apart. */
const OTHER = 'other';

/**
 * The phases of a call, disjoint and without a gap: `gateway` and `upstream` from the complete head of the request until
 * the outcome is known, which together are `operation`; `answer` from there until the last byte is with the kernel.
 */
export const PHASES = ['operation', 'gateway', 'upstream', 'answer'] as const;
export type Phase = (typeof PHASES)[number];

/** Calls of one kind and era to one server. */
interface Group {
  readonly kind: CallKind;
  readonly era: Era;
  readonly server: string;
  readonly durations: { readonly [phase in Phase]: number };
  /** Where the counts of each tool begin; '' for calls without one. */
  readonly tools: Map<string, number>;
  requestBytes: number;
  resultBytes: number;
}

type Eras = { readonly [era in Era]: Map<CallKind, Group> } & { readonly name: string };

export interface CountFigures {
  readonly tool: string;
  /** In the order of `RESULT_CLASSES`. */
  readonly calls: readonly number[];
}

export interface GroupFigures {
  readonly kind: CallKind;
  readonly era: Era;
  readonly server: string;
  readonly counts: readonly CountFigures[];
  readonly durations: { readonly [phase in Phase]: HistogramFigures };
  readonly requestBytes: number;
  readonly resultBytes: number;
}

export interface CallFigures {
  readonly inFlight: number;
  /** By why what was presented was not taken. */
  readonly turnedAway: ReadonlyMap<ErrorCode, number>;
  readonly boundsMs: readonly number[];
  readonly groups: readonly GroupFigures[];
  readonly models: ModelFigures;
}

export interface CallMeter extends Meter {
  read(): CallFigures;
}

/** `maxTools` (models count as such, for themselves) and `maxServers`: so many are told apart; further ones are `other`. */
export function createCallMeter(limits: { readonly maxTools: number; readonly maxServers: number }): CallMeter {
  return new TableMeter(limits.maxTools, limits.maxServers);
}

class TableMeter implements CallMeter {
  readonly #maxTools: number;
  readonly #maxServers: number;
  readonly #models: ModelMeter;
  readonly #durations = new HistogramTable(BOUNDS_MS);
  readonly #servers = new Map<string, Eras>();
  readonly #groups: Group[] = [];
  #calls = new Float64Array(64 * RESULT_CLASSES.length);
  #counters = 0;
  #tools = 0;
  #inFlight = 0;
  readonly #turnedAway = new Map<ErrorCode, number>();

  constructor(maxTools: number, maxServers: number) {
    this.#maxTools = maxTools;
    this.#maxServers = maxServers;
    this.#models = createModelMeter({ maxModels: maxTools });
  }

  begin(): void {
    this.#inFlight++;
  }

  end(call: Call, finish: CallFinish): void {
    this.#inFlight--;
    if (call.surface === 'models') {
      this.#models.end(call, finish);
      return;
    }
    const { result, totalMs, upstreamMs, resultBytes } = finish;
    const { facts, kind, params } = call;
    const group = this.#groupOf(call);
    const tool = kind === 'tools.call' && facts.serverId !== undefined ? facts.target : undefined;
    const at = this.#counterOf(group, tool ?? '') + (RESULT_INDEX.get(result) ?? 0);
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    const durations = this.#durations;
    durations.observe(group.durations.operation, totalMs);
    durations.observe(group.durations.gateway, totalMs - upstreamMs);
    if (facts.upstreamMs !== undefined) durations.observe(group.durations.upstream, upstreamMs);
    group.requestBytes += Buffer.byteLength(params.text);
    group.resultBytes += resultBytes;
  }

  sent(call: Call): void {
    const { totalMs } = call.facts;
    // Answered because it was cancelled, while the call itself still winds down. Of models the whole answer is timed.
    if (totalMs === undefined || call.surface === 'models') return;
    this.#durations.observe(this.#groupOf(call).durations.answer, performance.now() - call.startedMs - totalMs);
  }

  turnedAway(code: ErrorCode): void {
    this.#turnedAway.set(code, (this.#turnedAway.get(code) ?? 0) + 1);
  }

  read(): CallFigures {
    const groups = this.#groups.map((group): GroupFigures => {
      const { kind, era, server, durations, requestBytes, resultBytes } = group;
      const counts = [...group.tools].map(([tool, at]) => ({
        tool,
        calls: [...this.#calls.subarray(at, at + RESULT_CLASSES.length)],
      }));
      const read = (phase: Phase): HistogramFigures => this.#durations.read(durations[phase]);
      return {
        kind,
        era,
        server,
        counts,
        durations: {
          operation: read('operation'),
          gateway: read('gateway'),
          upstream: read('upstream'),
          answer: read('answer'),
        },
        requestBytes,
        resultBytes,
      };
    });
    return {
      ...{ inFlight: this.#inFlight, turnedAway: new Map(this.#turnedAway), boundsMs: BOUNDS_MS, groups },
      models: this.#models.read(),
    };
  }

  /** Calls that named nothing visible, and lists, have no server. */
  #groupOf({ kind, peer: { era }, facts: { serverId = '' } }: Call): Group {
    const eras = this.#servers.get(serverId) ?? this.#addServer(serverId);
    return eras[era].get(kind) ?? this.#addGroup(eras, kind, era);
  }

  #addServer(id: string): Eras {
    const name = id !== '' && this.#servers.size >= this.#maxServers ? OTHER : id;
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    const eras: Eras = { name, legacy: new Map(), modern: new Map() };
    this.#servers.set(name, eras);
    return eras;
  }

  #addGroup(eras: Eras, kind: CallKind, era: Era): Group {
    const slot = (): number => this.#durations.addSlot();
    const durations = { operation: slot(), gateway: slot(), upstream: slot(), answer: slot() };
    const group: Group = { kind, era, server: eras.name, durations, tools: new Map(), requestBytes: 0, resultBytes: 0 };
    eras[era].set(kind, group);
    this.#groups.push(group);
    return group;
  }

  /** Where the counts of that tool begin. */
  #counterOf({ tools }: Group, tool: string): number {
    const known = tools.get(tool);
    if (known !== undefined) return known;
    const isOne = tool !== '' && tool !== OTHER;
    if (isOne && this.#tools >= this.#maxTools) return tools.get(OTHER) ?? this.#addCounter(tools, OTHER);
    if (isOne) this.#tools++;
    return this.#addCounter(tools, tool);
  }

  #addCounter(tools: Map<string, number>, tool: string): number {
    const at = this.#counters++ * RESULT_CLASSES.length;
    if (at === this.#calls.length) this.#calls = grown(this.#calls);
    tools.set(tool, at);
    return at;
  }
}
