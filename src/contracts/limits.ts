/** How much a key may use: requests, tokens and calls of tools in a time, how many at once, and for how much money. */

export const RATE_SPANS = ['second', 'minute', 'hour', 'day'] as const;
export type RateSpan = (typeof RATE_SPANS)[number];

/** Any span of that length holds at most `max`. */
export interface RateLimit {
  readonly max: number;
  readonly per: RateSpan;
}

export const BUDGET_WINDOWS = ['hour', 'day', 'week', 'month', 'total'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** So much may be spent in each window of the calendar; weeks begin on Monday. */
export interface Budget {
  readonly maxMicroUsd: number;
  readonly per: BudgetWindow;
  /** IANA name; whose midnight begins a day. Default `UTC`. */
  readonly timeZone: string;
}

export interface KeyLimits {
  /** Requests of every governed kind: calls of tools and models, prompts, resources. */
  readonly requests: readonly RateLimit[];
  /** Tokens of models, input and output together. */
  readonly tokens: readonly RateLimit[];
  /** Calls of tools. */
  readonly toolCalls: readonly RateLimit[];
  /** Under way at the same time; a stream is under way until it ends. Undefined: as many as come. */
  readonly maxConcurrent?: number | undefined;
  readonly budgets: readonly Budget[];
}

/** What a client is told of the limit it is nearest to (RateLimit headers). */
export interface RateStanding {
  readonly max: number;
  readonly remaining: number;
  /** Until something is free again; 0: something is. */
  readonly resetMs: number;
}

/** Port: what was spent, from the ledger. */
export interface SpendStore extends Disposable {
  /** By this key since then, in micro-dollars. */
  spentSince(keyId: string, sinceMs: number): number;
}
