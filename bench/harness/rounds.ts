/** Alternating windows: each subject in turn, round by round, so that what disturbs the machine disturbs all alike. */

import type { Latency, Report } from '../generator.ts';
import type { Lab, Subject } from './lab.ts';
import type { Shape } from './requests.ts';
import { median, type Quartiles, quartiles } from './statistics.ts';
import { cpuMicros, type MemoryMb, memoryMb, settledMicros } from './usage.ts';

/** A subject and what it is sent. */
export interface Contender {
  readonly subject: Subject;
  readonly shape: Shape;
}

/** What the rounds show of one subject. */
export interface Row {
  readonly name: string;
  /** CPU microseconds per call, all threads and processes, at full load, with what is done for it afterwards. */
  readonly us: Quartiles;
  /** `us` in relation to the reference's window of the same round. */
  readonly ratio: Quartiles;
  /** How many times our own `us` of the same round; undefined where we do not take part. */
  readonly timesOurs: Quartiles | undefined;
  readonly maxRps: number;
  readonly calls: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  readonly memory: MemoryMb;
  /** As the subject says itself (`Server-Timing`), milliseconds, medians. */
  readonly phasesP50Ms: { readonly [phase: string]: number };
}

/** Closed loop: enough to keep a core busy, few enough that nobody queues for long. */
const CONNECTIONS = 32;
const MIN_WINDOW_REQUESTS = 200;
const MAX_WINDOW_REQUESTS = 30_000;

async function warmUp(lab: Lab, { subject, shape }: Contender): Promise<number> {
  const { warmRequests, warmSeconds, windowSeconds } = lab.options.plan;
  const warm = { ...shape, connections: CONNECTIONS, rate: 0, requests: warmRequests, maxSeconds: warmSeconds };
  const report = await lab.load.run(warm);
  if (report.answered === 0) throw new Error(`${subject.name} answers nothing right: ${report.firstFailure}`);
  const perWindow = (report.answered / report.seconds) * windowSeconds;
  return Math.round(Math.min(MAX_WINDOW_REQUESTS, Math.max(MIN_WINDOW_REQUESTS, perWindow)));
}

/** The first contender is the reference of the ratios; the one called `ours` that of `timesOurs`. */
export async function runRounds(lab: Lab, contenders: readonly Contender[], ours: string): Promise<Row[]> {
  const tallies = [];
  for (const contender of contenders) {
    const requests = await warmUp(lab, contender);
    await settledMicros(contender.subject.pids);
    tallies.push({ contender, requests, us: [] as number[], rps: [] as number[], reports: [] as Report[] });
  }
  for (let round = 0; round < lab.options.plan.rounds; round++) {
    for (const tally of tallies) {
      const { subject, shape } = tally.contender;
      const before = cpuMicros(subject.pids);
      const job = { ...shape, connections: CONNECTIONS, rate: 0, requests: tally.requests, maxSeconds: 60 };
      const report = await lab.load.run(job);
      const calls = report.answered + report.failed;
      tally.us.push(((await settledMicros(subject.pids)) - before) / Math.max(1, calls));
      tally.rps.push(calls / report.seconds);
      tally.reports.push(report);
    }
  }
  const reference = tallies[0]?.us ?? [];
  const own = tallies.find(({ contender }) => contender.subject.name === ours)?.us;
  return tallies.map(({ contender, us, rps, reports }): Row => {
    const over = (base: readonly number[]): Quartiles =>
      quartiles(us.map((value, i) => value / (base[i] ?? Number.NaN)));
    return {
      name: contender.subject.name,
      us: quartiles(us),
      ratio: over(reference),
      timesOurs: own === undefined ? undefined : over(own),
      maxRps: median(rps),
      calls: reports.reduce((sum, report) => sum + report.answered + report.failed, 0),
      failed: reports.reduce((sum, report) => sum + report.failed + report.unanswered, 0),
      firstFailure: reports.find((report) => report.firstFailure !== undefined)?.firstFailure,
      memory: memoryMb(contender.subject.pids),
      phasesP50Ms: reports.at(-1)?.phasesP50Ms ?? {},
    };
  });
}

/** Latency of one subject at one constant rate. */
export interface RateRow {
  readonly name: string;
  readonly rate: number;
  /** Median of the rounds. */
  readonly latencyMs: Pick<Latency, 'p50' | 'p90' | 'p99'>;
  /** The same minus direct, round by round; undefined for direct itself. */
  readonly addedMs: Pick<Latency, 'p50' | 'p90' | 'p99'> | undefined;
  readonly usPerCall: number;
  readonly failed: number;
  readonly unanswered: number;
  /** Answers came at less than 90 % of the rate: no latency can be given, it only depends on how long one looks. */
  readonly isOverloaded: boolean;
  /** The generator's own lateness, the worst of the rounds. */
  readonly lateP99Ms: number;
}

const MIN_HELD = 0.9;
/** Time for stragglers after the last request of a window was due. */
const GRACE_SECONDS = 3;

/** The first contender is what the others are compared with: straight to the mock. */
export async function runRates(
  lab: Lab,
  contenders: readonly Contender[],
  rates: readonly number[],
): Promise<RateRow[]> {
  const { rateRounds, rateSeconds } = lab.options.plan;
  const rows: RateRow[] = [];
  for (const rate of rates) {
    const tallies = contenders.map((contender) => ({ contender, reports: [] as Report[], us: [] as number[] }));
    for (let round = 0; round < rateRounds; round++) {
      for (const { contender, reports, us } of tallies) {
        const before = cpuMicros(contender.subject.pids);
        const requests = Math.round(rate * rateSeconds);
        // A connection per 20 ms of the rate: a pause of the server must not become one of the generator.
        const connections = Math.min(1_000, Math.max(CONNECTIONS, Math.ceil(rate / 50)));
        const maxSeconds = rateSeconds + GRACE_SECONDS;
        reports.push(await lab.load.run({ ...contender.shape, connections, rate, requests, maxSeconds }));
        us.push(((await settledMicros(contender.subject.pids)) - before) / requests);
      }
    }
    const direct = tallies[0]?.reports ?? [];
    for (const { contender, reports, us } of tallies) {
      const of = (key: 'p50' | 'p90' | 'p99'): number => median(reports.map(({ latencyMs }) => latencyMs[key]));
      const added = (key: 'p50' | 'p90' | 'p99'): number =>
        median(reports.map(({ latencyMs }, i) => latencyMs[key] - (direct[i]?.latencyMs[key] ?? 0)));
      rows.push({
        name: contender.subject.name,
        rate,
        latencyMs: { p50: of('p50'), p90: of('p90'), p99: of('p99') },
        addedMs: reports === direct ? undefined : { p50: added('p50'), p90: added('p90'), p99: added('p99') },
        usPerCall: median(us),
        failed: reports.reduce((sum, { failed }) => sum + failed, 0),
        unanswered: reports.reduce((sum, { unanswered }) => sum + unanswered, 0),
        isOverloaded: median(reports.map(({ answered, seconds }) => answered / seconds)) < rate * MIN_HELD,
        lateP99Ms: Math.max(...reports.map(({ lateP99Ms }) => lateP99Ms)),
      });
    }
  }
  return rows;
}
