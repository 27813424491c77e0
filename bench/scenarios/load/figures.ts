/** What the scenarios of load, start and size hand to the reports. */

import type { Latency } from '../../generator.ts';
import type { MemoryMb } from '../../harness/usage.ts';

export type Percentiles = Pick<Latency, 'p50' | 'p99'>;

/** Chats of which each takes a second, at a constant rate, beside the same straight to the model. */
export interface ChatLoad {
  readonly rate: number;
  readonly modelMs: number;
  readonly seconds: number;
  readonly directMs: Percentiles;
  readonly addedMs: Percentiles;
  readonly failed: number;
  readonly unanswered: number;
  readonly firstFailure: string | undefined;
  readonly usPerCall: number;
  readonly memory: MemoryMb;
  /** The generator's own lateness, the worst of the windows, straight to the model too. */
  readonly lateP99Ms: number;
  /** Chats that were begun, and their rows in the trail after an orderly end. */
  readonly made: number;
  readonly trailRows: number;
}

/** Sessions that do nothing, and streams that go on beside them. */
export interface IdleLoad {
  readonly sessions: number;
  readonly keys: number;
  /** Heap and external memory of one session after garbage collection. */
  readonly kbPerSession: number;
  /** Sessions whose client listens (GET), and what each of those takes besides. */
  readonly listening: number;
  readonly kbPerListener: number;
  readonly restRssMb: number;
  /** With the sessions, before streams. */
  readonly sessionsRssMb: number;
  /** With all of them at once; undefined where no streams were asked for. */
  readonly full: IdleFull | undefined;
}

export interface IdleFull {
  readonly streams: number;
  readonly broken: number;
  readonly firstBroken: string | undefined;
  readonly mostAtOnce: number;
  readonly rssMb: number;
  /** Calls in the idle sessions meanwhile. */
  readonly rate: number;
  readonly callMs: Percentiles;
  readonly failed: number;
  readonly unanswered: number;
  /** CPU of the gateway meanwhile, in cores. */
  readonly cores: number;
}

/** One kind of request of the mixed soak. */
export interface MixedKind {
  readonly name: string;
  /** Requests a second, of streams those that came about. */
  readonly rate: number;
  readonly made: number;
  readonly failed: number;
  readonly unanswered: number;
  readonly firstFailure: string | undefined;
  readonly ms: Percentiles;
}

export interface MixedLoad {
  readonly seconds: number;
  readonly kinds: readonly MixedKind[];
  /** Calls that the trail has to have a row of, and the rows it has, by the kind of the trail. */
  readonly trail: readonly {
    readonly kind: string;
    readonly made: number;
    readonly rows: number;
    readonly notOk: number;
  }[];
  /** Microdollars: what the calls made cost by their prices, what the rows add up to, what the ledger of the key says. */
  readonly spent: { readonly expected: number; readonly trail: number; readonly ledger: number };
  /** What `portcullis audit verify-spend` says: figures compared, and differences. */
  readonly verified: { readonly figures: number; readonly differences: number };
  readonly heapMb: { readonly before: number; readonly after: number };
  readonly usPerCall: number;
  readonly loopDelayP99Ms: number;
}

/** From the command to what is waited for, medians of some starts. */
export interface StartRow {
  readonly name: string;
  readonly starts: number;
  /** Undefined where it has no such moment, or nobody can tell it from outside. */
  readonly listeningMs: number | undefined;
  readonly readyMs: number | undefined;
  readonly firstCallMs: number | undefined;
  /** Two seconds later, all processes but those of the server. */
  readonly restMb: number;
}

export interface SizeRow {
  readonly name: string;
  /** What is downloaded, and what is on disk once it is installed with what it needs. */
  readonly packedMb: number;
  readonly installedMb: number;
  readonly packages: number;
}

export interface StartFigures {
  /** `node -e 0` from its start to its end, between the starts of the gateway. */
  readonly bareMs: number;
  /** Ours with no servers: medians, and ready in relation to the bare start of the same round. */
  readonly empty: StartRow;
  readonly timesBare: number;
  /** Each with one server on stdio. */
  readonly rows: readonly StartRow[];
  readonly sizes: readonly SizeRow[];
}

/** One kind of request with one set of stores. */
export interface StoresRow {
  readonly stores: string;
  readonly kind: string;
  readonly rate: number;
  readonly ms: Percentiles;
  readonly failed: number;
  readonly unanswered: number;
  readonly firstFailure: string | undefined;
  /** CPU of the gateway and of each store, microseconds per call; 0 where there is none. */
  readonly gatewayUs: number;
  readonly postgresUs: number;
  readonly redisUs: number;
}

export interface StoresLoad {
  readonly rows: readonly StoresRow[];
  /** By stores: calls made, rows in the trail, bytes that a row takes with its indexes. */
  readonly trails: readonly {
    readonly stores: string;
    readonly made: number;
    readonly rows: number;
    readonly bytesPerRow: number;
  }[];
}

export interface LoadFigures {
  readonly chat?: ChatLoad;
  readonly idle?: IdleLoad;
  readonly mixed?: MixedLoad;
  readonly start?: StartFigures;
  readonly stores?: StoresLoad;
}
