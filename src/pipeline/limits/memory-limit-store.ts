/** The limit store of one process: accounts in memory, money from the ledger when a line is first seen. Waits for nothing but that. */

import type { LimitLine, LimitStore, LimitUse, LimitVerdict, SpendStore } from '../../contracts/limits.ts';
import { spanWindow } from '../../lib/calendar-window.ts';
import { createRateWindow, slotStarts } from '../../lib/rate-window.ts';
import { type Account, createBudgetAccount, createConcurrentAccount, createSlidingAccount } from './accounts.ts';

export interface MemoryLimitStoreDeps {
  readonly spend: Pick<SpendStore, 'spent'>;
  /** Wall clock, epoch milliseconds: that of budgets. */
  readonly now: () => number;
  /** Milliseconds that never run backwards: those of rates. */
  readonly monotonicMs: () => number;
  /** Beyond so many accounts, those that count nothing are forgotten. Default 10,000. */
  readonly maxIdleAccounts?: number | undefined;
}

/** The ledger of an account is still being read, or could not be. */
type Seed = Promise<boolean>;

export function createMemoryLimitStore(deps: MemoryLimitStoreDeps): LimitStore {
  const accounts = new Map<string, Account>();
  const seeds = new Map<string, Seed>();
  let sweepAt = deps.maxIdleAccounts ?? 10_000;

  /** Grows when accounts were forgotten: calls under way may hold one of those. */
  let sweeps = 0;

  const clockOf = ({ isOnWall }: Account): number => (isOnWall ? deps.now() : deps.monotonicMs());

  /** Accounts come and go with keys; what counts nothing can be made again, budgets from the ledger. */
  const sweep = (): void => {
    sweeps++;
    for (const [id, account] of accounts) if (account.used(clockOf(account)) === 0) accounts.delete(id);
    sweepAt = Math.max(deps.maxIdleAccounts ?? 10_000, accounts.size * 2);
  };

  const keep = (line: LimitLine, account: Account): Account => {
    if (accounts.size >= sweepAt) sweep();
    accounts.set(line.id, account);
    return account;
  };

  const moneyAccount = (line: LimitLine): Account | Seed => {
    const { span } = line;
    const nowMs = deps.now();
    if (span.type === 'concurrent') return keep(line, createConcurrentAccount());
    if (span.type !== 'sliding')
      return makeFrom(line, [spanWindow(span, nowMs).startMs], ([spent = 0]) =>
        keep(line, createBudgetAccount(span, spent, nowMs)),
      );
    const starts = slotStarts(span.spanMs, nowMs);
    return makeFrom(line, starts, (spent) => {
      const window = createRateWindow(span.spanMs);
      for (const [i, startMs] of starts.entries())
        window.addPast((spent[i] ?? 0) - (spent[i + 1] ?? 0), startMs, nowMs);
      return keep(line, createSlidingAccount('money', span.spanMs, window));
    });
  };

  const makeFrom = (
    line: LimitLine,
    since: readonly number[],
    make: (spent: readonly number[]) => Account,
  ): Account | Seed => {
    try {
      const spent = since.map((sinceMs) => deps.spend.spent(line, Math.max(0, sinceMs)));
      if (spent.every((each) => typeof each === 'number')) return make(spent);
      const seed = Promise.all(spent)
        .then((told) => make(told) !== undefined)
        .catch(() => false)
        .finally(() => seeds.delete(line.id));
      seeds.set(line.id, seed);
      return seed;
    } catch {
      return Promise.resolve(false);
    }
  };

  const accountOf = (line: LimitLine): Account | Seed => {
    const known = accounts.get(line.id) ?? seeds.get(line.id);
    if (known !== undefined) return known;
    if (line.what === 'money') return moneyAccount(line);
    const { span } = line;
    return keep(
      line,
      span.type === 'sliding' ? createSlidingAccount(line.what, span.spanMs) : createConcurrentAccount(),
    );
  };

  const enter = (callId: string, uses: readonly LimitUse[]): LimitVerdict | Promise<LimitVerdict> => {
    const found = new Array<Account>(uses.length);
    let asksWall = false;
    let asksMonotonic = false;
    for (let i = 0; i < uses.length; i++) {
      const use = uses[i];
      if (use === undefined) continue;
      const account = accountOf(use.line);
      if (account instanceof Promise)
        return account.then((isRead) => (isRead ? enter(callId, uses) : { type: 'unavailable' }));
      found[i] = account;
      if (account.isOnWall) asksWall = true;
      else asksMonotonic = true;
    }
    // Clocks cost as much as the counting: each is read once.
    const wallMs = asksWall ? deps.now() : 0;
    const monotonicMs = asksMonotonic ? deps.monotonicMs() : 0;
    // All are asked before one is counted.
    for (let i = 0; i < uses.length; i++) {
      const use = uses[i];
      const account = found[i];
      if (use === undefined || account === undefined) continue;
      const nowMs = account.isOnWall ? wallMs : monotonicMs;
      const retryAfterMs = account.waitMs(use.amount, use.line.max, nowMs);
      if (retryAfterMs !== 0) return refuse(use.line, account, retryAfterMs, nowMs);
    }
    const places = new Array<number>(uses.length);
    const used = new Array<number>(uses.length);
    for (let i = 0; i < uses.length; i++) {
      const use = uses[i];
      const account = found[i];
      if (use === undefined || account === undefined) continue;
      const nowMs = account.isOnWall ? wallMs : monotonicMs;
      places[i] = account.enter(use.amount, nowMs);
      used[i] = account.used(nowMs);
    }
    return admit(uses, found, places, used);
  };

  const admit = (
    uses: readonly LimitUse[],
    found: readonly Account[],
    places: readonly number[],
    used: readonly number[],
  ): LimitVerdict => new Admitted(shared, uses, found, places, used);

  const refuse = (line: LimitLine, account: Account, retryAfterMs: number | undefined, nowMs: number): LimitVerdict => {
    const reserved = account.reserved(nowMs);
    return {
      ...{ type: 'refused', line, used: account.used(nowMs), retryAfterMs },
      ...(reserved !== undefined && { reserved }),
    };
  };

  const used = (line: LimitLine): number | undefined | Promise<number | undefined> => {
    const account = accountOf(line);
    if (account instanceof Promise) return account.then((isRead) => (isRead ? used(line) : undefined));
    return account.used(clockOf(account));
  };

  const shared: Shared = { clockOf, accountOf, sweeps: () => sweeps };
  return {
    enter,
    used,
    async [Symbol.asyncDispose]() {
      accounts.clear();
    },
  };
}

interface Shared {
  readonly clockOf: (account: Account) => number;
  readonly accountOf: (line: LimitLine) => Account | Promise<boolean>;
  readonly sweeps: () => number;
}

/** A class, because each call has one: a literal with methods would be five objects. */
class Admitted {
  readonly type = 'admitted';
  readonly used: readonly number[];
  readonly #shared: Shared;
  readonly #uses: readonly LimitUse[];
  readonly #found: readonly Account[];
  readonly #places: readonly number[];
  /** Accounts may have been made anew since. */
  readonly #sweepsBefore: number;
  #isOver = false;

  constructor(
    shared: Shared,
    uses: readonly LimitUse[],
    found: readonly Account[],
    places: readonly number[],
    used: readonly number[],
  ) {
    this.used = used;
    this.#shared = shared;
    this.#uses = uses;
    this.#found = found;
    this.#places = places;
    this.#sweepsBefore = shared.sweeps();
  }

  resetMs(index: number): number {
    const use = this.#uses[index];
    const account = this.#found[index];
    return (use && account?.waitMs(1, use.line.max, this.#shared.clockOf(account))) ?? 0;
  }

  leave(amounts: readonly number[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clockOf, accountOf, sweeps } = this.#shared;
    const isSame = sweeps() === this.#sweepsBefore;
    for (let i = 0; i < this.#uses.length; i++) {
      const use = this.#uses[i];
      if (use === undefined) continue;
      const account = isSame ? this.#found[i] : accountOf(use.line);
      if (account === undefined || account instanceof Promise) continue;
      account.settle(this.#places[i] ?? 0, use.amount, amounts[i] ?? use.amount, clockOf);
    }
  }
}
