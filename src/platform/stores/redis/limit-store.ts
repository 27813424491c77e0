/** The limit store on Redis: limits and budgets that hold across replicas. One round trip to enter, one, unawaited, to leave. */

import { randomUUID } from 'node:crypto';
import type { LimitLine, LimitStore, LimitUse, LimitVerdict, SpendStore } from '../../../contracts/limits.ts';
import type { Log } from '../../../contracts/log.ts';
import { type CalendarWindow, spanWindow } from '../../../lib/calendar-window.ts';
import { SLOTS, slotStarts } from '../../../lib/rate-window.ts';
import { BEAT, ENTER, LEAVE, RECOUNT } from './limit-scripts.ts';
import type { RedisConnection } from './open-redis.ts';

export interface RedisLimitStoreDeps {
  readonly redis: RedisConnection;
  readonly spend: Pick<SpendStore, 'spent'>;
  /** Wall clock, epoch milliseconds: that of budgets. */
  readonly now: () => number;
  /** The clock of rates. Left out: that of Redis, which is the same for all replicas. */
  readonly rateMs?: (() => number) | undefined;
  /** In front of every key. */
  readonly keyPrefix: string;
  readonly log?: Log | undefined;
  /** What a replica has under way is free again when it was not heard of for so long. Default 30,000 ms. */
  readonly deadAfterMs?: number | undefined;
}

/** How a use travels to the scripts. */
interface SentUse {
  readonly type: 'sliding' | 'concurrent' | 'window';
  readonly money: boolean;
  readonly amount: number;
  readonly max: number;
  readonly spanMs?: number;
  readonly endMs?: number;
  readonly keepMs?: number;
  readonly forever?: boolean;
  readonly seed?: object;
}

interface Settlement {
  readonly keys: readonly string[];
  readonly uses: readonly object[];
}

/** Later than any window ends, and a number that JSON has. */
const FOREVER_MS = 8_640_000_000_000_000;
const DAY_MS = 86_400_000;
/** Settlements kept while Redis cannot be reached; the oldest make room: what they would have given back stays counted. */
const MAX_UNSETTLED = 10_000;
/** Reading the ledger may race with others that read it: it is read again, so often. */
const MAX_SEEDS = 3;

export function createRedisLimitStore(deps: RedisLimitStoreDeps): LimitStore {
  const { redis, now, keyPrefix, deadAfterMs = 30_000 } = deps;
  // New in each process: what one left behind when it was killed is not taken for what the next one does.
  const replica = randomUUID();
  const replicasKey = `${keyPrefix}{limits}:replicas`;
  const keyOf = (line: LimitLine): string => `${keyPrefix}{limits}:${line.id}`;
  const windows = new Map<string, CalendarWindow>();
  /** How many of ours are under way, by key; what Redis is told after it was away. */
  const running = new Map<string, number>();
  let unsettled: Settlement[] = [];
  const settling = new Set<Promise<unknown>>();
  let isClosed = false;

  const rateClock = (): string => (deps.rateMs === undefined ? '' : String(deps.rateMs()));

  /** Finding the window of a time zone is slow, so each is kept until it is over. */
  const windowOf = ({ id, span }: LimitLine, nowMs: number): CalendarWindow => {
    const known = windows.get(id);
    if (known !== undefined && nowMs >= known.startMs && nowMs < known.endMs) return known;
    if (span.type !== 'calendar' && span.type !== 'total') throw new RangeError(`${id} has no window`);
    const window = spanWindow(span, nowMs);
    if (windows.size > 100_000) windows.clear();
    windows.set(id, window);
    return window;
  };

  const toSend = ({ line, amount }: LimitUse, nowMs: number, seed: object | undefined): SentUse => {
    const base = { amount, max: line.max, money: line.what === 'money', ...(seed !== undefined && { seed }) };
    const { span } = line;
    if (span.type === 'sliding') return { type: 'sliding', ...base, spanMs: span.spanMs };
    if (span.type === 'concurrent') return { type: 'concurrent', ...base, money: false };
    const { endMs } = windowOf(line, nowMs);
    const forever = !Number.isFinite(endMs);
    const keepMs = forever ? 90 * DAY_MS : Math.max(DAY_MS, Math.ceil(endMs - nowMs) + DAY_MS);
    return { type: 'window', ...base, endMs: forever ? FOREVER_MS : endMs, keepMs, forever };
  };

  /** What the ledger says of a line: of its window, or slot by slot. */
  const readSeed = async (line: LimitLine, nowMs: number): Promise<object> => {
    const { span } = line;
    if (span.type !== 'sliding') {
      const { startMs } = windowOf(line, nowMs);
      return { spent: await deps.spend.spent(line, Math.max(0, startMs)), epoch: randomUUID() };
    }
    const starts = slotStarts(span.spanMs, nowMs);
    const spent = await Promise.all(starts.map((startMs) => deps.spend.spent(line, Math.max(0, startMs))));
    const first = Math.round((starts[0] ?? 0) / (span.spanMs / SLOTS));
    return Object.fromEntries(spent.map((since, i) => [String(first + i), since - (spent[i + 1] ?? 0)]));
  };

  const run = async (uses: readonly LimitUse[], looks: boolean): Promise<readonly string[]> => {
    const seeds = new Map<number, object>();
    const keys = [replicasKey, ...uses.map(({ line }) => keyOf(line))];
    for (let round = 0; round <= MAX_SEEDS; round++) {
      const nowMs = now();
      const sent = uses.map((use, i) => toSend(use, nowMs, seeds.get(i)));
      const args = [replica, String(deadAfterMs), String(nowMs), rateClock(), JSON.stringify(sent), looks ? '1' : ''];
      const answer = (await redis.run(ENTER, keys, args)) as readonly string[];
      if (answer[0] !== 'seed') return answer;
      await Promise.all(
        answer.slice(1).map(async (index) => {
          const line = uses[Number(index)]?.line;
          if (line !== undefined) seeds.set(Number(index), await readSeed(line, now()));
        }),
      );
    }
    throw new Error('accounts vanish as fast as they are made');
  };

  const count = (uses: readonly LimitUse[], by: 1 | -1): void => {
    for (const { line, amount } of uses)
      if (line.span.type === 'concurrent') {
        const key = keyOf(line);
        const after = (running.get(key) ?? 0) + by * amount;
        // Zero stays for a while: it has to be told, too.
        running.set(key, after);
      }
  };

  /** Sent before this returns: on one connection, whoever enters next finds it done. */
  const settle = (settlement: Settlement): void => {
    const args = [replica, String(now()), rateClock(), JSON.stringify(settlement.uses)];
    const sent = redis
      .run(LEAVE, settlement.keys, args)
      .catch(() => {
        if (unsettled.length >= MAX_UNSETTLED) unsettled.shift();
        unsettled.push(settlement);
      })
      .finally(() => settling.delete(sent));
    settling.add(sent);
  };

  const admit = (uses: readonly LimitUse[], answer: readonly string[]): LimitVerdict => {
    const nowMs = now();
    count(uses, 1);
    const part = (i: number, at: number): string => answer[1 + i * 4 + at] ?? '';
    let isOver = false;
    return {
      type: 'admitted',
      used: uses.map((_, i) => Number(part(i, 0))),
      resetMs: (i) => Number(part(i, 3)),
      leave(amounts) {
        if (isOver) return;
        isOver = true;
        count(uses, -1);
        settle({
          keys: uses.map(({ line }) => keyOf(line)),
          uses: uses.map((use, i) => ({
            ...toSend(use, nowMs, undefined),
            ...{ asked: use.amount, amount: amounts[i] ?? use.amount, place: part(i, 1), epoch: part(i, 2) },
          })),
        });
      },
    };
  };

  const judge = (uses: readonly LimitUse[], answer: readonly string[]): LimitVerdict => {
    if (answer[0] === 'admitted') return admit(uses, answer);
    const [, index, used, reserved, wait] = answer;
    const line = uses[Number(index)]?.line;
    if (answer[0] !== 'refused' || line === undefined) return { type: 'unavailable' };
    return {
      ...{ type: 'refused', line, used: Number(used) },
      ...(reserved !== '' && { reserved: Number(reserved) }),
      retryAfterMs: wait === '' ? undefined : Number(wait),
    };
  };

  /** With a deadline: one that is admitted too late is taken back. */
  const enter = async (uses: readonly LimitUse[]): Promise<LimitVerdict> => {
    const answered = run(uses, false).then((answer) => judge(uses, answer));
    let isLate = false;
    const verdict = await redis.within(answered, () => {
      isLate = true;
    });
    if (verdict !== undefined) return verdict;
    answered.then(
      (late) => {
        if (isLate && late.type === 'admitted') late.leave(uses.map(() => 0));
      },
      () => undefined,
    );
    return { type: 'unavailable' };
  };

  const beat = (): void => {
    redis.run(BEAT, [replicasKey], [replica]).catch(() => undefined);
  };
  const beating = setInterval(beat, Math.max(1, deadAfterMs / 6));
  beating.unref();

  /** Whatever was under way while Redis was away, it is told what is now; and settlements that could not be delivered. */
  const recover = async (): Promise<void> => {
    const counts = [...running];
    for (const [key, amount] of counts) if (amount === 0) running.delete(key);
    const keys = counts.map(([key]) => key);
    if (keys.length > 0) await redis.run(RECOUNT, keys, [replica, ...counts.map(([, amount]) => String(amount))]);
    const waiting = unsettled;
    unsettled = [];
    for (const { keys: accounts, uses } of waiting) {
      // What was under way has just been counted.
      const others = uses.map((use) => ('type' in use && use.type === 'concurrent' ? { ...use, asked: 0 } : use));
      settle({ keys: accounts, uses: others });
    }
  };
  const stop = redis.onReady(() => {
    if (!isClosed)
      recover().catch((error: unknown) => deps.log?.warn('limits in Redis could not be mended', { error }));
  });

  return {
    enter: (_callId, uses) => enter(uses),
    async used(line) {
      const answer = await redis.within(run([{ line, amount: 0 }], true), () => undefined);
      return answer?.[0] === 'looked' ? Number(answer[1]) : undefined;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(beating);
      stop();
      await redis.within(Promise.all(settling), () => undefined);
    },
  };
}
