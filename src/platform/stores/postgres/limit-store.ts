/** The limit store on PostgreSQL alone: limits and budgets that hold across replicas. One round trip to enter, one to leave. */

import { randomUUID } from 'node:crypto';
import type { LimitLine, LimitStore, LimitUse, LimitVerdict, SpendStore } from '../../../contracts/limits.ts';
import { calendarWindow } from '../../../lib/calendar-window.ts';
import { SLOTS, slotStarts } from '../../../lib/rate-window.ts';
import type { Database } from './open-database.ts';

export interface PostgresLimitStoreDeps {
  readonly database: Pick<Database, 'query'>;
  readonly spend: Pick<SpendStore, 'spent'>;
  /** Wall clock, epoch milliseconds: that of budgets. Where clocks of replicas differ, the one ahead opens a window for all. */
  readonly now: () => number;
  /** The clock of rates. Left out: that of PostgreSQL, which is the same for all replicas. */
  readonly rateMs?: (() => number) | undefined;
  /** Longest wait of a call. Default 1,000. */
  readonly timeoutMs?: number | undefined;
  /** What a replica has under way is free again when it was not heard of for so long. Default 30,000. */
  readonly deadAfterMs?: number | undefined;
  /** Money it had set aside is read from the ledger after so long. Default an hour. */
  readonly leaseMs?: number | undefined;
}

interface Told {
  readonly used: number;
  readonly place: string | null;
  readonly wait: number | null;
}

type Answer =
  | { readonly type: 'admitted' | 'looked'; readonly uses: readonly Told[] }
  | {
      readonly type: 'refused';
      readonly index: number;
      readonly used: number;
      readonly reserved?: number;
      readonly wait?: number;
    }
  | { readonly type: 'seed'; readonly indexes: readonly number[] };

interface SentUse {
  readonly id: string;
  readonly type: 'sliding' | 'concurrent' | 'window';
  readonly amount: number;
  readonly [more: string]: unknown;
}

/** Later than any window ends, and a number that JSON has. */
const FOREVER_MS = 8_640_000_000_000_000;
const DAY_MS = 86_400_000;
/** Settlements kept while the database cannot be reached; the oldest make room: what they would have given back stays counted. */
const MAX_UNSETTLED = 10_000;
/** Others may read the ledger at the same time: it is read again, so often. */
const MAX_SEEDS = 3;
const ENTER = 'SELECT limit_enter($1, $2, $3, $4, $5, $6, $7) AS answer';
const LEAVE = 'SELECT limit_leave($1, $2, $3, $4)';
const BEAT = `INSERT INTO limit_replicas VALUES ($1, limit_now())
  ON CONFLICT (id) DO UPDATE SET seen_at_ms = excluded.seen_at_ms`;
const CLEAN = `WITH gone AS (DELETE FROM limit_replicas WHERE seen_at_ms < limit_now() - ${DAY_MS})
  DELETE FROM limit_accounts WHERE id IN (
    SELECT id FROM limit_accounts WHERE keep_until_ms < limit_now() ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)`;

export function createPostgresLimitStore(deps: PostgresLimitStoreDeps): LimitStore {
  const { database, now, timeoutMs = 1_000, deadAfterMs = 30_000, leaseMs = 3_600_000 } = deps;
  // New in each process: what one left behind when it was killed is not taken for what the next one does.
  const replica = randomUUID();
  /** On their way, with the lines they are about. */
  const settling = new Map<Promise<void>, readonly SentUse[]>();
  let unsettled: (readonly SentUse[])[] = [];
  let isClosed = false;
  const rateClock = (): number | null => deps.rateMs?.() ?? null;

  const readSeed = async (line: LimitLine, nowMs: number): Promise<unknown> => {
    const { span } = line;
    if (span.type !== 'sliding') return deps.spend.spent(line, Math.max(0, windowOf(line, nowMs).startMs));
    const starts = slotStarts(span.spanMs, nowMs);
    const since = await Promise.all(starts.map((startMs) => deps.spend.spent(line, Math.max(0, startMs))));
    const slotMs = span.spanMs / SLOTS;
    return Object.fromEntries(
      starts.map((startMs, i) => [Math.round(startMs / slotMs), (since[i] ?? 0) - (since[i + 1] ?? 0)]),
    );
  };

  const run = async (uses: readonly LimitUse[], looks: boolean): Promise<Answer> => {
    const seeds = new Map<number, unknown>();
    for (let round = 0; round < MAX_SEEDS; round++) {
      const nowMs = now();
      const sent = uses.map((use, i) => ({ ...toSend(use, nowMs), ...(seeds.has(i) && { seed: seeds.get(i) }) }));
      const values = [replica, deadAfterMs, leaseMs, nowMs, rateClock(), JSON.stringify(sent), looks];
      const { rows } = await database.query(ENTER, values);
      const answer = rows[0]?.answer as Answer;
      if (answer.type !== 'seed') return answer;
      for (const index of answer.indexes) {
        const line = uses[index]?.line;
        if (line !== undefined) seeds.set(index, await readSeed(line, nowMs));
      }
    }
    throw new Error('accounts vanish as fast as they are made');
  };

  const settle = (uses: readonly SentUse[]): void => {
    const sent = database
      .query(LEAVE, [replica, now(), rateClock(), JSON.stringify(uses)])
      .catch(() => {
        if (unsettled.length >= MAX_UNSETTLED) unsettled.shift();
        unsettled.push(uses);
      })
      .then(() => void settling.delete(sent));
    settling.set(sent, uses);
  };

  /** Statements take any connection: without this, a call could overtake the end of the one before it on the same line. */
  const settled = async (uses: readonly LimitUse[]): Promise<void> => {
    if (settling.size === 0) return;
    const ids = new Set(uses.map(({ line }) => line.id));
    await Promise.all([...settling].flatMap(([sent, about]) => (about.some(({ id }) => ids.has(id)) ? [sent] : [])));
  };

  const judge = (uses: readonly LimitUse[], answer: Answer): LimitVerdict => {
    if (answer.type === 'refused') {
      const line = uses[answer.index]?.line;
      if (line === undefined) return { type: 'unavailable' };
      const { used, reserved, wait } = answer;
      return { type: 'refused', line, used, ...(reserved !== undefined && { reserved }), retryAfterMs: wait };
    }
    if (answer.type !== 'admitted') return { type: 'unavailable' };
    let isOver = false;
    return {
      type: 'admitted',
      used: answer.uses.map(({ used }) => used),
      resetMs: (i) => answer.uses[i]?.wait ?? 0,
      leave(amounts) {
        if (isOver) return;
        isOver = true;
        const nowMs = now();
        settle(
          uses.map((use, i) => ({
            ...toSend(use, nowMs),
            ...{ asked: use.amount, amount: amounts[i] ?? use.amount, place: answer.uses[i]?.place },
          })),
        );
      },
    };
  };

  const beat = (): void => {
    database.query(BEAT, [replica]).then(
      () => {
        const waiting = unsettled;
        unsettled = [];
        for (const uses of waiting) settle(uses);
        database.query(CLEAN).catch(() => undefined);
      },
      () => undefined,
    );
  };
  const beating = setInterval(beat, Math.max(1, deadAfterMs / 6));
  beating.unref();

  return {
    async enter(_callId, uses) {
      if (isClosed) return { type: 'unavailable' };
      let isLate = false;
      const answered = settled(uses)
        .then(() => run(uses, false))
        .then(
          (answer) => {
            const verdict = judge(uses, answer);
            // Nobody waits for it any more: it is taken back.
            if (isLate && verdict.type === 'admitted') verdict.leave(uses.map(() => 0));
            return verdict;
          },
          (): LimitVerdict => ({ type: 'unavailable' }),
        );
      const verdict = await within(answered, timeoutMs);
      isLate = verdict === undefined;
      return verdict ?? { type: 'unavailable' };
    },
    async used(line) {
      const looked = run([{ line, amount: 0 }], true).then(
        (answer) => (answer.type === 'looked' ? answer.uses[0]?.used : undefined),
        () => undefined,
      );
      return within(looked, timeoutMs);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(beating);
      await within(Promise.all(settling.keys()), timeoutMs);
    },
  };
}

function windowOf({ id, span }: LimitLine, nowMs: number): { readonly startMs: number; readonly endMs: number } {
  if (span.type === 'total') return { startMs: 0, endMs: FOREVER_MS };
  if (span.type === 'calendar') return calendarWindow(span.per, nowMs, span.timeZone);
  throw new RangeError(`${id} has no window`);
}

function toSend({ line, amount }: LimitUse, nowMs: number): SentUse {
  const base = { id: line.id, amount, max: line.max, money: line.what === 'money' };
  const { span } = line;
  if (span.type === 'sliding')
    return { ...base, type: 'sliding', spanMs: span.spanMs, keepMs: Math.ceil(span.spanMs * 1.1) + 60_000 };
  if (span.type === 'concurrent') return { ...base, type: 'concurrent', keepMs: DAY_MS };
  const { endMs } = windowOf(line, nowMs);
  const forever = endMs === FOREVER_MS;
  const keepMs = forever ? 90 * DAY_MS : Math.max(DAY_MS, Math.ceil(endMs - nowMs) + DAY_MS);
  return { ...base, type: 'window', endMs, forever, keepMs };
}

/** Undefined: late. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
