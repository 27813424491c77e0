/** How much may be used: requests, tokens and calls of tools in a time, how many at once, and for how much money. */

export const RATE_SPANS = ['second', 'minute', 'hour', 'day'] as const;
export type RateSpan = (typeof RATE_SPANS)[number];

/** Any span of that length holds at most `max`. */
export interface RateLimit {
  readonly max: number;
  readonly per: RateSpan;
  /** Patterns as in a grant: only calls of these count. Undefined: all. */
  readonly on?: readonly string[] | undefined;
}

export const BUDGET_WINDOWS = ['hour', 'day', 'week', 'month', 'total'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** So much may be spent in each window of the calendar; weeks begin on Monday. */
export interface Budget {
  readonly maxMicroUsd: number;
  readonly per: BudgetWindow;
  /** IANA name; whose midnight begins a day. Default `UTC`. */
  readonly timeZone: string;
  /** Any span of that length instead of the calendar's; a month has 30 days. Undefined: no. */
  readonly rolling?: boolean | undefined;
  /** Shares of it at which webhooks are told, ascending. Undefined: none. */
  readonly alertAt?: readonly number[] | undefined;
  /** As in a rate. */
  readonly on?: readonly string[] | undefined;
}

/** Calls that a limit has no room for may wait for it. */
export interface LimitQueue {
  /** In one process; of all keys together. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

/** What became of calls that wait for limits, since the process began. */
export interface QueueFigures {
  /** Now. */
  readonly waiting: number;
  /** Calls that have waited, whether they were made in the end or not. */
  readonly waited: number;
  /** All of them together. */
  readonly waitedMs: number;
}

/** What one level (a key, a user, a team, an organisation) may use. */
export interface UsageLimits {
  /** Requests of every governed kind: calls of tools and models, prompts, resources. */
  readonly requests: readonly RateLimit[];
  /** Tokens of models, input and output together. */
  readonly tokens: readonly RateLimit[];
  /** Calls of tools. */
  readonly toolCalls: readonly RateLimit[];
  /** Under way at the same time; a stream is under way until it ends. Undefined: as many as come. */
  readonly maxConcurrent?: number | undefined;
  readonly budgets: readonly Budget[];
  /** Of all but budgets. Undefined: what there is no room for is refused at once. */
  readonly queue?: LimitQueue | undefined;
}

/** What a client is told of the limit it is nearest to (RateLimit headers). */
export interface RateStanding {
  readonly max: number;
  readonly remaining: number;
  /** Until something is free again; 0: something is. */
  readonly resetMs: number;
}

/** Over what time an account counts. */
export type LimitSpan =
  | { readonly type: 'sliding'; readonly spanMs: number }
  | { readonly type: 'calendar'; readonly per: Exclude<BudgetWindow, 'total'>; readonly timeZone: string }
  /** For good. */
  | { readonly type: 'total' }
  /** What is under way. */
  | { readonly type: 'concurrent' };

/** One limit of one level: an account that calls are counted in. The same object as long as nothing changed. */
export interface LimitLine {
  /**
   * Equal lines have equal ids, in every process and after every restart: level, its id, what is counted, span, and a hash of `on`:
   * `team/team_1f/money/day/UTC/`. The bound is not part of it, so that changing it is no amnesty.
   */
  readonly id: string;
  readonly level: LevelRef;
  readonly what: 'requests' | 'tokens' | 'toolCalls' | 'concurrent' | 'money';
  /** In what is counted; money in micro-dollars. */
  readonly max: number;
  readonly span: LimitSpan;
  readonly on: readonly string[] | undefined;
  readonly alertAt: readonly number[];
  /** Undefined: what there is no room for is refused at once. */
  readonly queue?: LimitQueue | undefined;
}

/** Whose limit it is. */
export interface LevelRef {
  readonly type: 'key' | 'user' | 'team' | 'organization';
  readonly id: string;
  readonly name: string;
}

/** What a call wants of a line before it is made: 1, its expected tokens, its estimated price. */
export interface LimitUse {
  readonly line: LimitLine;
  readonly amount: number;
}

/** What a store says to a call. */
export type LimitVerdict =
  | {
      readonly type: 'admitted';
      /** Used of each line, this call included, in the order asked. */
      readonly used: readonly number[];
      /** Until something of that line (its place in the order asked) is free again, 0: something is. Left out: not known. */
      resetMs?(index: number): number;
      /** The call is over. `amounts` in the order asked: what it used really. Once; never throws. */
      leave(amounts: readonly number[]): void;
    }
  | {
      /** Nothing was counted. */
      readonly type: 'refused';
      readonly line: LimitLine;
      readonly used: number;
      /** Of that, set aside for calls under way; money only. Left out: not told apart. */
      readonly reserved?: number;
      /** Undefined: nobody knows (what is under way), or never. */
      readonly retryAfterMs: number | undefined;
    }
  /** The store cannot be reached. */
  | { readonly type: 'unavailable' };

/**
 * Port: where limits are counted. This process's memory by default; Redis or PostgreSQL where replicas share them.
 * `test/support/limit-store-suite.ts` says what each has to keep:
 * - A call counts when it began: in the window of the calendar it began in, and in a sliding span until that moment is out of it.
 *   What was used beyond what was asked counts in a sliding span when it becomes known.
 * - Nothing of a rate (`requests`, `tokens`, `toolCalls`) is asked with 0: then the line admits. More than the whole of a rate is
 *   admitted once nothing is counted, as it could never be otherwise. Money is different: something has to be left even for 0.
 * - A clock that is set back opens no window twice; one that is set forward opens the next.
 */
export interface LimitStore extends AsyncDisposable {
  /**
   * All lines or none. Money that was spent before comes from the ledger. Not a promise where nothing is waited for. A call may
   * enter several times, each time with other lines; never rejects, and has a deadline of its own.
   */
  enter(callId: string, uses: readonly LimitUse[]): LimitVerdict | Promise<LimitVerdict>;
  /** Used of a line now, what is set aside included, without counting anything. Undefined: the store cannot be reached. */
  used(line: LimitLine): number | undefined | Promise<number | undefined>;
}

/** Port: what was spent, from the ledger. */
export interface SpendStore extends Disposable {
  /**
   * By that level since then, of calls that `on` speaks of, whole quarters of an hour, also the one that was running. Micro-dollars.
   * Rejects, or throws, if the ledger cannot be read.
   */
  spent(line: Pick<LimitLine, 'level' | 'on'>, sinceMs: number): number | Promise<number>;
}
