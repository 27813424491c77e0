/** What each key has spent of its budgets: reserved before a call, settled after it, read from the ledger at the start. */

import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Budget, SpendStore, UsageLimits } from '../../contracts/limits.ts';
import { type CalendarWindow, calendarWindow } from '../../lib/calendar-window.ts';

/** Money set aside for one call. */
export interface Reservation {
  /** The call is over, and cost this; once. */
  settle(microUsd: number): void;
}

export interface KeyBudgets {
  /** Throws GatewayError `budget_exceeded`; then nothing was reserved. `estimateMicroUsd` is what the call may well cost. */
  reserve(caller: Caller, limits: UsageLimits, estimateMicroUsd: number): Reservation;
  /** Of the budget that is nearest to its end, 0 to 1; undefined: the key has none. */
  shareUsed(caller: Caller, limits: UsageLimits): number | undefined;
}

interface Account {
  readonly budget: Budget;
  window: CalendarWindow;
  spent: number;
  reserved: number;
}

interface KeyState {
  readonly limits: UsageLimits;
  readonly accounts: readonly Account[];
}

const ALWAYS: CalendarWindow = { startMs: 0, endMs: Number.POSITIVE_INFINITY };

export function createKeyBudgets(deps: {
  readonly spend: Pick<SpendStore, 'spentSince'>;
  /** Wall clock, epoch milliseconds: budgets are those of the calendar. */
  readonly now: () => number;
}): KeyBudgets {
  const states = new Map<string, KeyState>();

  const windowOf = ({ per, timeZone }: Budget, nowMs: number): CalendarWindow =>
    per === 'total' ? ALWAYS : calendarWindow(per, nowMs, timeZone);

  const stateOf = ({ keyId }: Caller, limits: UsageLimits): KeyState => {
    const known = states.get(keyId);
    if (known !== undefined && known.limits === limits) return known;
    const nowMs = deps.now();
    const accounts = limits.budgets.map((budget, i): Account => {
      // The same budget keeps its account, with what is reserved in it; a new one asks the ledger.
      const same = known?.accounts.find(
        ({ budget: other }) => other.per === budget.per && other.timeZone === budget.timeZone,
      );
      if (same !== undefined && i === known?.accounts.indexOf(same))
        return { budget, window: same.window, spent: same.spent, reserved: same.reserved };
      const window = windowOf(budget, nowMs);
      return { budget, window, spent: deps.spend.spentSince(keyId, window.startMs), reserved: 0 };
    });
    const state = { limits, accounts };
    states.set(keyId, state);
    return state;
  };

  /** A clock that was set back leaves the window as it is: nobody gets a budget twice. */
  const turnOver = (account: Account, nowMs: number): void => {
    if (nowMs < account.window.endMs) return;
    account.window = windowOf(account.budget, nowMs);
    account.spent = 0;
  };

  return {
    reserve(caller, limits, estimateMicroUsd) {
      const { accounts } = stateOf(caller, limits);
      const nowMs = deps.now();
      for (const account of accounts) {
        turnOver(account, nowMs);
        const { budget, spent, reserved, window } = account;
        const left = budget.maxMicroUsd - spent - reserved;
        // What may cost nothing is let through as long as something is left at all.
        if (left > 0 && estimateMicroUsd <= left) continue;
        const retryAfterMs = Number.isFinite(window.endMs) ? window.endMs - nowMs : undefined;
        throw new GatewayError('budget_exceeded', describe(account), {
          data: {
            ...{
              budget: budget.per,
              maxMicroUsd: budget.maxMicroUsd,
              spentMicroUsd: spent,
              reservedMicroUsd: reserved,
            },
            ...{ estimateMicroUsd, ...(retryAfterMs !== undefined && { retryAfterMs }) },
          },
        });
      }
      for (const account of accounts) account.reserved += estimateMicroUsd;
      return {
        settle(microUsd) {
          const current = states.get(caller.keyId)?.accounts ?? accounts;
          for (const account of current) {
            turnOver(account, deps.now());
            account.reserved = Math.max(0, account.reserved - estimateMicroUsd);
            account.spent += microUsd;
          }
        },
      };
    },
    shareUsed(caller, limits) {
      if (limits.budgets.length === 0) return undefined;
      const { accounts } = stateOf(caller, limits);
      for (const account of accounts) turnOver(account, deps.now());
      return Math.max(...accounts.map(({ budget, spent, reserved }) => (spent + reserved) / budget.maxMicroUsd));
    },
  };
}

function describe({ budget }: Account): string {
  const usd = (budget.maxMicroUsd / 1_000_000).toFixed(2);
  return budget.per === 'total' ? `$${usd} in all` : `$${usd} per ${budget.per}`;
}
