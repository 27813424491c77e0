/** One account of the memory store: what is counted of a line, over its span. */

import type { LimitLine } from '../../contracts/limits.ts';
import { ALWAYS, spanWindow } from '../../lib/calendar-window.ts';
import { createRateWindow, type RateWindow } from '../../lib/rate-window.ts';

/** Times are those of the clock the account is told by its owner: monotonic for rates, the wall's for money. */
export interface Account {
  /** Whether its times are those of the wall. */
  readonly isOnWall: boolean;
  /** What is set aside included. */
  used(nowMs: number): number;
  /** Of that, for calls under way; undefined: not told apart. */
  reserved(nowMs: number): number | undefined;
  /** Until `amount` fits under `max`: 0: it does; undefined: never, or nobody knows. */
  waitMs(amount: number, max: number, nowMs: number): number | undefined;
  /** Counts it, whether it fits or not. Returns where, for `settle`. */
  enter(amount: number, nowMs: number): number;
  /** A call that asked `asked` and was put at `place` is over, and used `amount`. The clock is only read where that matters. */
  settle(place: number, asked: number, amount: number, clockOf: (account: Account) => number): void;
}

/** What is under way. */
export function createConcurrentAccount(): Account {
  let running = 0;
  return {
    isOnWall: false,
    used: () => running,
    reserved: () => undefined,
    waitMs: (amount, max) => (running + amount <= max ? 0 : undefined),
    enter(amount) {
      running += amount;
      return 0;
    },
    settle(_place, asked) {
      running -= asked;
    },
  };
}

/** Over a sliding span. Something has to be left of money, whatever is asked; of a rate nothing is asked with 0. */
export function createSlidingAccount(
  what: LimitLine['what'],
  spanMs: number,
  window: RateWindow = createRateWindow(spanMs),
): Account {
  const wantedOf = (amount: number, max: number): number => {
    if (what === 'money') return Math.max(1, amount);
    return Math.min(amount, max);
  };
  return {
    isOnWall: what === 'money',
    used: window.used,
    reserved: () => undefined,
    waitMs(amount, max, nowMs) {
      const wanted = wantedOf(amount, max);
      return wanted === 0 ? 0 : window.waitMs(wanted, max, nowMs);
    },
    enter: window.add,
    settle(slot, asked, amount, clockOf) {
      if (amount < asked) window.giveBack(slot, asked - amount, clockOf(this));
      else if (amount > asked) window.add(amount - asked, clockOf(this));
    },
  };
}

/** Money in windows of the calendar, or in the one that never ends. `spent` is what the ledger says of the window of now. */
export function createBudgetAccount(
  span: Extract<LimitLine['span'], { type: 'calendar' | 'total' }>,
  spent: number,
  nowMs: number,
): Account {
  let window = spanWindow(span, nowMs);
  let reserved = 0;
  /** A clock that was set back leaves the window as it is: nobody gets a budget twice. */
  const turnOver = (atMs: number): void => {
    if (atMs < window.endMs) return;
    window = spanWindow(span, atMs);
    spent = 0;
    reserved = 0;
  };
  return {
    isOnWall: true,
    used(atMs) {
      turnOver(atMs);
      return spent + reserved;
    },
    reserved(atMs) {
      turnOver(atMs);
      return reserved;
    },
    waitMs(amount, max, atMs) {
      turnOver(atMs);
      if (spent + reserved + Math.max(1, amount) <= max) return 0;
      return window === ALWAYS ? undefined : window.endMs - atMs;
    },
    enter(amount, atMs) {
      turnOver(atMs);
      reserved += amount;
      return window.endMs;
    },
    settle(place, asked, amount) {
      // The end of a call opens no window: whoever enters or looks does, and the clock may go back before.
      // One that began in a window that is over belongs to that one, as in the ledger.
      if (place !== window.endMs) return;
      reserved -= asked;
      spent += amount;
    },
  };
}
