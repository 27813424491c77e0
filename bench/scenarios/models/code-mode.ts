/** The question of scripts: what one run of Code Mode costs that calls one tool and returns a value, its worker included. */

import { readFileSync } from 'node:fs';
import type { Report } from '../../generator.ts';
import type { Gateway } from '../../harness/gateway.ts';
import { type Lab, OURS } from '../../harness/lab.ts';
import { decidePlacement } from '../../harness/processes.ts';
import { modernCall, type Shape, type Target } from '../../harness/requests.ts';
import type { Contender, Row } from '../../harness/rounds.ts';
import { median, quartiles } from '../../harness/statistics.ts';
import { cpuMicros, memoryMb } from '../../harness/usage.ts';
import { countTrail, governed, rowsOf } from '../load/governed.ts';
import { httpServer, type Scenario, TOOL } from '../scenario.ts';
import { targetOf } from './setup.ts';

/** The mock answers with a text; the value says how long that is, which stands nowhere in the request. */
const TEXT_LENGTH = 140;
const SCRIPTS = {
  python: `text = await mock.${TOOL}(text="what is known of it?", count=3)\n"length " + str(len(text))`,
  javascript: `const text = await mock.${TOOL}({text: "what is known of it?", count: 3});\n"length " + text.length`,
} as const;
type Dialect = keyof typeof SCRIPTS;

/** As many workers as one core has; more would wait for one. */
const AT_ONCE = 8;
const WINDOW_SECONDS = { short: 1, long: 3 };
const WARM_RUNS = 64;
/** Of a window or warm-up; whatever is not answered by then makes the figures worthless. */
const MAX_SECONDS = 60;
/** Linux says so, see proc(5). */
const TICK_US = 10_000;

/** A call of the gateway's own tool, with a script in place of the usual arguments. */
function runCode(target: Target, dialect: Dialect): Shape {
  const { body, ...call } = modernCall(target, 'run_code');
  const upTo = body.slice(0, body.indexOf('"arguments":'));
  const script = JSON.stringify({ code: SCRIPTS[dialect] });
  return { ...call, body: `${upTo}"arguments":${script}}}`, mark: `length ${TEXT_LENGTH}` };
}

/** Microseconds that anything has run on a core. Workers end with their runs and take their own counters along. */
function coreMicros(core: number): number {
  const line = readFileSync('/proc/stat', 'latin1')
    .split('\n')
    .find((each) => each.startsWith(`cpu${core} `));
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (line ?? '').split(/\s+/).map(Number);
  return TICK_US * (user + nice + system + irq + softirq);
}

/** So many in all, each connection one after the other; all of them end, so that nothing runs on into what comes next. */
async function send(lab: Lab, { subject, shape }: Contender, connections: number, requests: number): Promise<Report> {
  const report = await lab.load.run({ ...shape, connections, rate: 0, requests, maxSeconds: MAX_SECONDS });
  if (report.answered === 0 || report.unanswered > 0)
    throw new Error(`${subject.name}: ${report.answered} of ${requests} answered right: ${report.firstFailure}`);
  return report;
}

const madeOf = ({ answered, failed }: Report): number => answered + failed;

interface Tally extends Contender {
  /** Calls of a window. */
  readonly requests: number;
  readonly reports: Report[];
  /** Microseconds per call of all that ran on the core, and of the subject's own process. */
  readonly us: number[];
  readonly ownUs: number[];
}

function rowOf(name: string, { subject, us, reports }: Tally, base: readonly number[], own: readonly number[]): Row {
  const over = (of: readonly number[]) => quartiles(us.map((value, i) => value / (of[i] ?? Number.NaN)));
  return {
    ...{ name, us: quartiles(us), ratio: over(base), timesOurs: over(own), memory: memoryMb(subject.pids) },
    maxRps: median(reports.map((report) => madeOf(report) / report.seconds)),
    calls: reports.reduce((sum, report) => sum + madeOf(report), 0),
    failed: reports.reduce((sum, { failed }) => sum + failed, 0),
    firstFailure: reports.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
    phasesP50Ms: reports.at(-1)?.phasesP50Ms ?? {},
  };
}

/** Each run has two rows, its own and that of its call. */
function checkTrail({ dataDir }: Gateway, runs: number): void {
  const { rows } = rowsOf(countTrail(dataDir), 'tools.call');
  if (rows !== 2 * runs) throw new Error(`${runs} runs that call one tool each have ${rows} rows in the trail`);
}

/** The reference and one gateway in turn; then runs one after the other, for their latency. */
async function measureDialect(lab: Lab, dialect: Dialect, name: string, core: number): Promise<[Row, Row, string]> {
  const toolsPort = await lab.startMock(['--tools', '1']);
  const reference = await lab.startReference(toolsPort);
  const more = { codeMode: { mode: 'code', dialect } };
  const [gateway] = await lab.startGateways(governed({ servers: { mock: httpServer(toolsPort) }, more }));
  if (gateway === undefined) throw new Error('no gateway');
  const { isShort, plan } = lab.options;
  const seconds = isShort ? WINDOW_SECONDS.short : WINDOW_SECONDS.long;
  const asked = { subject: reference, shape: modernCall(reference, TOOL) };
  const scripted = { subject: gateway, shape: runCode(targetOf(gateway), dialect) };
  const begin = (contender: Contender, { answered, seconds: took }: Report): Tally => ({
    ...{ ...contender, reports: [], us: [], ownUs: [] },
    requests: Math.max(2 * AT_ONCE, Math.round((answered / took) * seconds)),
  });
  const passed = begin(asked, await send(lab, asked, AT_ONCE, plan.warmRequests));
  const warmed = await send(lab, scripted, AT_ONCE, WARM_RUNS);
  const ran = begin(scripted, warmed);
  for (let round = 0; round < plan.rounds; round++)
    for (const each of [passed, ran]) {
      const used = (): number[] => [coreMicros(core), cpuMicros(each.subject.pids)];
      const before = used();
      const report = await send(lab, each, AT_ONCE, each.requests);
      const [us = 0, ownUs = 0] = used().map((now, i) => (now - (before[i] ?? 0)) / madeOf(report));
      each.us.push(us);
      each.ownUs.push(ownUs);
      each.reports.push(report);
    }
  const alone = await send(lab, scripted, 1, ran.requests);
  const rows = [rowOf('reference', passed, passed.us, ran.us), rowOf(name, ran, passed.us, ran.us)] as const;
  await gateway.stop();
  const all = [warmed, ...ran.reports, alone];
  checkTrail(
    gateway,
    all.reduce((sum, report) => sum + madeOf(report), 0),
  );
  const { p50, p99 } = alone.latencyMs;
  const others = 100 * (1 - median(passed.ownUs) / median(passed.us));
  const note =
    `${dialect}: a run takes ${p50.toFixed(2)} ms (p50), ${p99.toFixed(2)} ms (p99) one after the other; ` +
    `${AT_ONCE} at once it takes ${median(ran.ownUs).toFixed(0)} µs of CPU in the gateway's own process; ` +
    `while the reference ran, ${others.toFixed(0)} % of the core's time was that of others`;
  return [...rows, alone.failed === 0 ? note : `${note}; ${alone.failed} failed: ${alone.firstFailure}`];
}

export const codeModeRun: Scenario = {
  name: 'codemode-run',
  title:
    'Code Mode: a run of a script that calls one tool and returns a value, everything on; the reference passes the call on',
  inShort: false,
  async run(lab) {
    const { subject: core } = decidePlacement();
    if (core === undefined) throw new Error('what workers use is read from their core: this takes two, and taskset');
    const [reference, python, ofPython] = await measureDialect(lab, 'python', OURS, core);
    await lab.stopAll();
    const [, javascript, ofJavascript] = await measureDialect(lab, 'javascript', `${OURS}, JavaScript`, core);
    const ours = { ...javascript, timesOurs: undefined };
    return {
      rows: [reference, python, ours],
      notes: [
        `CPU is all that ran on core ${core}: workers of scripts end with their runs, and are in it as is whatever else the system did there; memory is without them`,
        'each run is a conversation of its own: none finds the variables of another',
        ...[ofPython, ofJavascript],
        'after the end of each gateway the trail had both rows of each run, its own and that of its call',
      ],
    };
  },
};
