/**
 * What every limit store has to keep, wherever it counts: run by each implementation's test against the real thing.
 * Times go by on a clock of the test's own; a store that is far away settles a moment later, which is waited for.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type {
  LevelRef,
  LimitLine,
  LimitStore,
  LimitUse,
  LimitVerdict,
  SpendStore,
} from '../../src/contracts/limits.ts';
import { waitFor } from './wait-for.ts';

export interface LimitStoreDeps {
  /** Wall clock, epoch milliseconds; the test sets it, also backwards. */
  readonly now: () => number;
  /** Goes along with it, but never backwards. */
  readonly monotonicMs: () => number;
  readonly spend: Pick<SpendStore, 'spent'>;
}

/** Opens a store on one and the same accounts each time it is called; `t.after` closes. */
export type OpenLimitStore = (deps: LimitStoreDeps) => LimitStore | Promise<LimitStore>;

export interface LimitStoreSuiteOptions {
  /** Whether two stores opened on the same accounts count together. Default false: memory. */
  readonly isShared?: boolean;
  /** How much later than exactly something leaves a sliding span, as a share of it. Default a twentieth. */
  readonly slack?: number;
  /** Random histories. Default 300. */
  readonly numRuns?: number;
}

const NOON = Date.parse('2026-11-25T12:00:00Z');
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const TEAM: LevelRef = { type: 'team', id: 'team_1', name: 'research' };

type Admitted = Extract<LimitVerdict, { type: 'admitted' }>;
type Refused = Extract<LimitVerdict, { type: 'refused' }>;

let lines = 0;

/** A line of its own each time, but for what is given. */
function lineOf(more: Partial<LimitLine> & Pick<LimitLine, 'what' | 'max' | 'span'>): LimitLine {
  return { id: `team/team_${++lines}/${more.what}/test//`, level: TEAM, on: undefined, alertAt: [], ...more };
}

const rate = (max: number, spanMs = MINUTE, what: LimitLine['what'] = 'requests'): LimitLine =>
  lineOf({ what, max, span: { type: 'sliding', spanMs } });
const concurrent = (max: number): LimitLine => lineOf({ what: 'concurrent', max, span: { type: 'concurrent' } });
const daily = (max: number, timeZone = 'UTC'): LimitLine =>
  lineOf({ what: 'money', max, span: { type: 'calendar', per: 'day', timeZone } });
const rolling = (max: number, spanMs: number): LimitLine => rate(max, spanMs, 'money');
const total = (max: number): LimitLine => lineOf({ what: 'money', max, span: { type: 'total' } });

/** Registers the suite. `start` makes new, empty accounts for each test. */
export function testLimitStore(
  name: string,
  start: (t: TestContext) => OpenLimitStore | Promise<OpenLimitStore>,
  { isShared = false, slack = 1 / 20, numRuns = 300 }: LimitStoreSuiteOptions = {},
): void {
  const open = async (t: TestContext, spent: (since: number, line: Pick<LimitLine, 'level' | 'on'>) => number) => {
    const clock = { wallMs: NOON, monotonicMs: 7 * DAY };
    const asked: number[] = [];
    const ledger = { spent, isLost: false };
    const deps: LimitStoreDeps = {
      now: () => clock.wallMs,
      monotonicMs: () => clock.monotonicMs,
      spend: {
        spent(line, sinceMs) {
          asked.push(sinceMs);
          return ledger.isLost ? Promise.reject(new Error('the ledger is away')) : ledger.spent(sinceMs, line);
        },
      },
    };
    const opener = await start(t);
    const again = (): LimitStore | Promise<LimitStore> => opener(deps);
    return { ...createDriver(await again(), clock), clock, asked, ledger, again };
  };
  const is = (what: string, body: (t: TestContext) => Promise<void>): void => {
    test(`${name}: ${what}`, body);
  };
  const nothing = (): number => 0;

  is('as many as allowed in a span, and the next when told', async (t) => {
    const { admit, refuse, pass } = await open(t, nothing);
    const line = rate(2);
    assert.deepEqual((await admit([line, 1])).used, [1]);
    assert.deepEqual((await admit([line, 1])).used, [2]);
    const { used, retryAfterMs = 0, line: met } = await refuse([line, 1]);
    assert.equal(met.id, line.id);
    assert.equal(used, 2);
    assert.ok(retryAfterMs > 0 && retryAfterMs <= MINUTE * (1 + slack), `${retryAfterMs}`);
    pass(Math.ceil(retryAfterMs));
    await admit([line, 1]);
  });

  is('a call that one line refuses counts on none', async (t) => {
    const { admit, refuse } = await open(t, nothing);
    const [wide, narrow, many] = [rate(5), rate(1, HOUR, 'toolCalls'), concurrent(5)];
    await admit([wide, 1], [narrow, 1], [many, 1]);
    for (let i = 0; i < 9; i++)
      assert.equal((await refuse([wide, 1], [many, 1], [narrow, 1])).line.id, narrow.id, 'the line that is full');
    for (let i = 0; i < 4; i++) await admit([wide, 1], [many, 1]);
    await refuse([wide, 1]);
    await refuse([many, 1]);
  });

  is('so many are under way at once, and one that is over makes room, once', async (t) => {
    const { admit, refuse, used } = await open(t, nothing);
    const line = concurrent(2);
    const first = await admit([line, 1]);
    await admit([line, 1]);
    assert.equal((await refuse([line, 1])).retryAfterMs, undefined);
    first.leave([1]);
    first.leave([1]);
    await used(line, 1);
    await admit([line, 1]);
    await refuse([line, 1]);
  });

  is('tokens count as expected first, and as used when the call is over', async (t) => {
    const { admit, refuse, used } = await open(t, nothing);
    const line = rate(100, MINUTE, 'tokens');
    const [more, less] = [await admit([line, 10]), await admit([line, 40])];
    more.leave([85]);
    less.leave([5]);
    await used(line, 90);
    await refuse([line, 11]);
    await admit([line, 10]);
  });

  is(
    'a prompt larger than the whole rate gets in once nothing is counted; what asks nothing always does',
    async (t) => {
      const { admit, refuse, pass, used } = await open(t, nothing);
      const line = rate(100, MINUTE, 'tokens');
      await admit([line, 1]);
      await refuse([line, 1_000]);
      pass(2 * MINUTE);
      await admit([line, 1_000]);
      await refuse([line, 1]);
      (await admit([line, 0])).leave([7]);
      await used(line, 1_007);
    },
  );

  is('money is set aside before and booked after', async (t) => {
    const { admit, refuse, used } = await open(t, nothing);
    const line = daily(1_000);
    const one = await admit([line, 600]);
    assert.equal((await refuse([line, 500])).used, 600);
    one.leave([100]);
    await used(line, 100);
    (await admit([line, 900])).leave([900]);
    await used(line, 1_000);
    const { retryAfterMs = 0 } = await refuse([line, 0]);
    assert.equal(retryAfterMs, 12 * HOUR, 'until midnight');
  });

  is('a call that cost more than was set aside is booked with what it cost', async (t) => {
    const { admit, refuse, used } = await open(t, nothing);
    const line = total(1_000);
    (await admit([line, 10])).leave([1_500]);
    await used(line, 1_500);
    assert.equal((await refuse([line, 0])).retryAfterMs, undefined, 'never again');
  });

  is('the ledger says what was spent in the window before the line was seen', async (t) => {
    const { admit, refuse, asked } = await open(t, () => 950);
    const line = daily(1_000);
    (await admit([line, 50])).leave([50]);
    await refuse([line, 1]);
    assert.equal(asked[0], Date.parse('2026-11-25T00:00:00Z'));
    assert.equal(asked.length, 1, 'and is asked once');
  });

  is('lines with `on` are told by the ledger for themselves', async (t) => {
    const { used } = await open(t, (_since, { on }) => (on === undefined ? 700 : 300));
    await used(daily(1_000), 700);
    await used({ ...daily(1_000), on: ['model:openai/*'] }, 300);
  });

  is('while the ledger cannot be read nothing is let through, and afterwards as before', async (t) => {
    const { store, admit, ledger } = await open(t, nothing);
    const line = daily(1_000);
    ledger.isLost = true;
    const verdict = await store.enter('lost', [{ line, amount: 1 }]);
    assert.equal(verdict.type, 'unavailable');
    ledger.isLost = false;
    await admit([line, 1]);
  });

  is('a new window begins with nothing, and what began in the old one stays there', async (t) => {
    const { admit, refuse, used, pass } = await open(t, nothing);
    const line = daily(1_000);
    (await admit([line, 400])).leave([400]);
    const running = await admit([line, 500]);
    pass(12 * HOUR);
    await used(line, 0);
    (await admit([line, 1_000])).leave([900]);
    await used(line, 900);
    running.leave([300]);
    await used(line, 900);
    await refuse([line, 101]);
  });

  is('a day begins at midnight of its time zone', async (t) => {
    const { admit, refuse, pass } = await open(t, nothing);
    const line = daily(10, 'Asia/Tokyo');
    await admit([line, 10]);
    // It is 21:00 there.
    assert.equal((await refuse([line, 1])).retryAfterMs, 3 * HOUR);
    pass(3 * HOUR);
    await admit([line, 10]);
  });

  is(
    'a clock that is set back gives nobody a budget twice, one that is set forward opens the next window',
    async (t) => {
      const { admit, refuse, clock } = await open(t, nothing);
      const [calendar, sliding] = [daily(1_000), rolling(1_000, DAY)];
      (await admit([calendar, 1_000], [sliding, 1_000])).leave([1_000, 1_000]);
      clock.wallMs -= 2 * DAY;
      await refuse([calendar, 1]);
      await refuse([sliding, 1]);
      clock.wallMs += 4 * DAY;
      await admit([calendar, 1_000], [sliding, 1_000]);
      clock.wallMs -= 2 * DAY;
      await refuse([calendar, 1]);
      await refuse([sliding, 1]);
    },
  );

  is('the end of a call opens no window: a clock that goes back over midnight finds the day as it was', async (t) => {
    const { admit, refuse, used, clock } = await open(t, nothing);
    const line = daily(300);
    const first = await admit([line, 255]);
    const day = clock.wallMs;
    clock.wallMs += DAY;
    first.leave([255]);
    clock.wallMs = day;
    await used(line, 255);
    await refuse([line, 46]);
    clock.wallMs += DAY;
    await admit([line, 46]);
  });

  is('a rate does not care for the clock on the wall', async (t) => {
    const { admit, refuse, clock, pass } = await open(t, nothing);
    const line = rate(1);
    await admit([line, 1]);
    clock.wallMs -= DAY;
    await refuse([line, 1]);
    pass(MINUTE * (1 + slack) + 1);
    await admit([line, 1]);
  });

  is('a rolling budget forgets what is older than its span, neither sooner nor much later', async (t) => {
    const { admit, refuse, used, pass } = await open(t, nothing);
    const line = rolling(1_000, DAY);
    (await admit([line, 700])).leave([600]);
    pass(6 * HOUR);
    (await admit([line, 400])).leave([400]);
    await used(line, 1_000);
    pass(18 * HOUR - SECOND);
    await refuse([line, 1]);
    pass(DAY * slack + 2 * SECOND);
    await used(line, 400);
    await refuse([line, 601]);
    await admit([line, 600]);
  });

  is('a rolling budget begins with what the ledger has of its span', async (t) => {
    // 100 at each full hour of the day before.
    const hours = Array.from({ length: 48 }, (_, i) => NOON - DAY * 1.5 + i * HOUR).filter((atMs) => atMs < NOON);
    const spent = (sinceMs: number): number => hours.filter((atMs) => atMs >= sinceMs).length * 100;
    const { store, used, pass } = await open(t, spent);
    const line = rolling(5_000, DAY);
    const first = (await store.used(line)) ?? 0;
    assert.ok(first >= 2_400 && first <= 2_400 + 100 * Math.ceil(24 * slack + 1), `${first}`);
    pass(12 * HOUR + DAY * slack + 15 * MINUTE);
    const later = (await store.used(line)) ?? 0;
    assert.ok(later >= 1_000 && later <= 1_200, `${later}`);
    pass(12 * HOUR);
    await used(line, 0);
  });

  is('what a call gives back is there for the next one of the same process, without waiting', async (t) => {
    const { admit } = await open(t, nothing);
    const [money, many, tokens] = [rolling(1_000, DAY), concurrent(1), rate(1_000, MINUTE, 'tokens')];
    for (let i = 0; i < 50; i++) (await admit([money, 1_000], [many, 1], [tokens, 1_000])).leave([0, 1, 0]);
  });

  is('the bound is not part of the account: a raised one keeps what was used', async (t) => {
    const { admit, refuse } = await open(t, nothing);
    const before = total(1_000);
    const running = await admit([before, 1_000]);
    const after = { ...before, max: 2_000 };
    await refuse([after, 1_001]);
    (await admit([after, 1_000])).leave([1_000]);
    running.leave([1_000]);
    await refuse([after, 1]);
    await refuse([{ ...before, max: 500 }, 0]);
  });

  is('looking counts nothing', async (t) => {
    const { used, admit } = await open(t, nothing);
    const lines = [rate(1), concurrent(1), total(1)];
    for (let i = 0; i < 3; i++) for (const line of lines) await used(line, 0);
    await admit(...lines.map((line) => [line, 1] as const));
    for (const line of lines) await used(line, 1);
  });

  is('calls under way are told apart from each other, also those that enter twice', async (t) => {
    const { store, used } = await open(t, nothing);
    const [line, money] = [concurrent(10), total(10)];
    const first = await store.enter('one', [{ line, amount: 1 }]);
    const paid = await store.enter('one', [{ line: money, amount: 4 }]);
    const second = await store.enter('two', [
      { line, amount: 1 },
      { line: money, amount: 5 },
    ]);
    assert.ok(first.type === 'admitted' && paid.type === 'admitted' && second.type === 'admitted');
    await used(line, 2);
    first.leave([1]);
    await used(line, 1);
    await used(money, 9);
    paid.leave([1]);
    await used(money, 6);
    second.leave([1, 0]);
    await used(line, 0);
    await used(money, 1);
  });

  is('64 at once get no more than there is', async (t) => {
    const { store, used } = await open(t, nothing);
    const [line, money, many] = [rate(40), total(1_000), concurrent(25)];
    const uses = [line, money, many].map((each): LimitUse => ({ line: each, amount: each.what === 'money' ? 30 : 1 }));
    const verdicts = await Promise.all(Array.from({ length: 64 }, (_, i) => store.enter(`c${i}`, uses)));
    const admitted = verdicts.filter((each) => each.type === 'admitted');
    assert.equal(admitted.length, 25);
    for (const each of admitted) each.leave([1, 20, 1]);
    await used(money, 25 * 20);
    await used(many, 0);
    await used(line, 25);
  });

  is('whatever comes in whatever order, it is as if somebody had counted slowly', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(HISTORY_STEP, { minLength: 5, maxLength: 40 }), async (steps) => {
        const { store, clock, pass } = await open(t, nothing);
        await runHistory({ store, pass, clock, slack }, steps);
      }),
      { numRuns },
    );
  });

  if (!isShared) return;

  is('two processes count together', async (t) => {
    const { admit, refuse, again, clock } = await open(t, () => 100);
    const other = createDriver(await again(), clock);
    const [line, money, many] = [rate(3), daily(1_000), concurrent(2)];
    const first = await admit([line, 1], [money, 400], [many, 1]);
    await other.admit([line, 1], [money, 400], [many, 1]);
    await refuse([many, 1]);
    assert.equal((await other.refuse([money, 101])).used, 900);
    first.leave([1, 50, 1]);
    await other.used(money, 550);
    await other.admit([line, 1], [many, 1]);
    await refuse([line, 1]);
  });

  is('64 calls at two processes get no more than there is', async (t) => {
    const { store, again, used } = await open(t, nothing);
    const stores = [store, await again()];
    const money = total(1_000);
    const verdicts = await Promise.all(
      Array.from({ length: 64 }, (_, i) => stores[i % 2]?.enter(`c${i}`, [{ line: money, amount: 30 }])),
    );
    const admitted = verdicts.filter((each) => each?.type === 'admitted');
    assert.equal(admitted.length, 33);
    for (const each of admitted) if (each?.type === 'admitted') each.leave([30]);
    await used(money, 990);
  });
}

type Use = readonly [line: LimitLine, amount: number];

interface Clock {
  wallMs: number;
  monotonicMs: number;
}

function createDriver(store: LimitStore, clock: Clock) {
  let calls = 0;
  const enter = (uses: readonly Use[]): LimitVerdict | Promise<LimitVerdict> =>
    store.enter(
      `call-${++calls}-${lines}`,
      uses.map(([line, amount]): LimitUse => ({ line, amount })),
    );
  return {
    store,
    async admit(...uses: readonly Use[]): Promise<Admitted> {
      const verdict = await enter(uses);
      assert.equal(verdict.type, 'admitted');
      return verdict as Admitted;
    },
    async refuse(...uses: readonly Use[]): Promise<Refused> {
      const verdict = await enter(uses);
      assert.equal(verdict.type, 'refused');
      return verdict as Refused;
    },
    /** Waits for a settlement that is on its way. */
    async used(line: LimitLine, expected: number): Promise<void> {
      let last: number | undefined;
      await waitFor(`${expected} used of ${line.id}`, async () => {
        last = await store.used(line);
        return last === expected;
      }).catch(() => assert.equal(last, expected));
    },
    pass(ms: number): void {
      clock.wallMs += ms;
      clock.monotonicMs += ms;
    },
  };
}

/** One thing that happens in a random history: time passes, then a call comes, or one that is under way ends. */
const HISTORY_STEP = fc.record({
  passMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90 * SECOND }), fc.constant(3 * HOUR)),
  setBackMs: fc.oneof({ arbitrary: fc.constant(0), weight: 9 }, { arbitrary: fc.constant(5 * HOUR), weight: 1 }),
  ends: fc.option(fc.record({ which: fc.nat(20), tokens: fc.nat(60), cost: fc.nat(60) }), { freq: 3, nil: undefined }),
  tokens: fc.nat(50),
  estimate: fc.nat(50),
});
type HistoryStep = typeof HISTORY_STEP extends fc.Arbitrary<infer T> ? T : never;

interface Booked {
  readonly atMs: number;
  amount: number;
}

/**
 * The slow model: lists of all that ever was. It does not know in which slot a store puts what, so it says what must be refused (what
 * is surely still in the span is too much) and what must be admitted (all that may still be in it leaves room).
 */
async function runHistory(
  subject: {
    readonly store: LimitStore;
    readonly pass: (ms: number) => void;
    readonly clock: Clock;
    readonly slack: number;
  },
  steps: readonly HistoryStep[],
): Promise<void> {
  const { store, clock, slack } = subject;
  const [requests, tokens, many, money] = [rate(5), rate(120, MINUTE, 'tokens'), concurrent(4), daily(300)];
  const uses = [requests, tokens, many, money];
  const seen: Booked[] = [];
  const taken: Booked[] = [];
  const running: { verdict: Admitted; tokens: Booked; estimate: number; day: number }[] = [];
  const spent = new Map<number, number>();
  const reserved = new Map<number, number>();
  /** The newest day that a call was made on: a clock set back opens no other, and the end of a call opens none. */
  let day = 0;

  const within = (booked: readonly Booked[], spanMs: number): number =>
    booked.filter(({ atMs }) => atMs > clock.monotonicMs - spanMs).reduce((sum, { amount }) => sum + amount, 0);
  const add = (to: Map<number, number>, at: number, amount: number): void => {
    to.set(at, (to.get(at) ?? 0) + amount);
  };

  const end = async (which: number, realTokens: number, cost: number): Promise<void> => {
    const [one] = running.splice(which % running.length, 1);
    if (one === undefined) return;
    one.verdict.leave([1, realTokens, 1, cost]);
    if (realTokens < one.tokens.amount) one.tokens.amount = realTokens;
    else taken.push({ atMs: clock.monotonicMs, amount: realTokens - one.tokens.amount });
    add(reserved, one.day, -one.estimate);
    add(spent, one.day, cost);
    await waitFor('the settlement', async () => (await store.used(many)) === running.length);
  };

  for (const step of steps) {
    subject.pass(step.passMs);
    clock.wallMs -= step.setBackMs;
    if (step.ends !== undefined && running.length > 0) {
      await end(step.ends.which, step.ends.tokens, step.ends.cost);
      continue;
    }
    day = Math.max(day, Math.floor(clock.wallMs / DAY));
    const amounts = [1, step.tokens, 1, step.estimate];
    const verdict = await store.enter(
      `h-${lines}-${clock.monotonicMs}-${running.length}-${seen.length}`,
      uses.map((line, i): LimitUse => ({ line, amount: amounts[i] ?? 0 })),
    );
    const left = 300 - (spent.get(day) ?? 0) - (reserved.get(day) ?? 0);
    const fitsMoney = left >= Math.max(1, step.estimate);
    const fitsMany = running.length < 4;
    const mustRefuse =
      !fitsMoney ||
      !fitsMany ||
      within(seen, MINUTE) + 1 > 5 ||
      (step.tokens > 0 && within(taken, MINUTE) + step.tokens > 120);
    const longMs = MINUTE * (1 + slack) + 1;
    const mustAdmit =
      fitsMoney &&
      fitsMany &&
      within(seen, longMs) + 1 <= 5 &&
      (step.tokens === 0 || within(taken, longMs) + step.tokens <= 120);
    const told = `${JSON.stringify(step)}: ${left} of money left, ${running.length} running`;
    if (verdict.type === 'admitted') {
      assert.ok(!mustRefuse, `let through too much at ${told}`);
      const booked = { atMs: clock.monotonicMs, amount: step.tokens };
      seen.push({ atMs: clock.monotonicMs, amount: 1 });
      taken.push(booked);
      add(reserved, day, step.estimate);
      running.push({ verdict, tokens: booked, estimate: step.estimate, day });
    } else {
      assert.equal(verdict.type, 'refused');
      assert.ok(!mustAdmit, `refused what there was room for at ${told}`);
    }
  }
}
