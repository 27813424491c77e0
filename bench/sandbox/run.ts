/**
 * `npm run bench:sandbox`: what a script costs before it does anything of its own: a worker, a run, calls of the host, putting away
 * and taking up again. Figures are of one machine in one minute; a process that does nothing stands beside them.
 *
 *   --write-docs        writes docs/sandbox.md
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CODE_MODE } from '../../src/contracts/codemode.ts';
import type { HostAnswer, SandboxHost, SandboxSession } from '../../src/contracts/sandbox.ts';
import { createPythonEngine } from '../../src/platform/sandbox/python/python-engine.ts';
import { findWorker, WORKER_VERSION } from '../../src/platform/sandbox/python/worker-command.ts';
import { ROOT } from '../../test/support/gateway.ts';
import { quantile } from '../harness/statistics.ts';

const ROUNDS = 200;
const COLD_ROUNDS = 30;
const CALL_ROUNDS = 10;
const CALLS = 1_000;
const STREAK_MS = 4_000;
/** Linux says so, see proc_pid_stat(5). */
const TICK_MS = 10;

type Row = readonly [what: string, median: string, p95: string];

const signal = new AbortController().signal;
const given: HostAnswer = { type: 'value', value: '{"n":1}' };
const host: SandboxHost = {
  ...{ has: (name) => name === 'desk', names: () => ['desk'], now: () => Date.now(), print: () => undefined },
  call: async () => given,
};
const STUBS =
  'from typing import Any\nclass _S_desk:\n    async def work(self, nonce: str) -> Any: ...\ndesk: _S_desk\n';

async function timed(rounds: number, work: () => Promise<number>): Promise<readonly [median: number, p95: number]> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) times.push(await work());
  times.sort((a, b) => a - b);
  return [quantile(times, 0.5), quantile(times, 0.95)];
}

/** Milliseconds. */
async function since(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function engineOf(warmWorkers: number) {
  return createPythonEngine({
    ...{ worker: findWorker() ?? '', outer: 'none', path: process.env.PATH, maxWorkers: 8, warmWorkers },
    ...{ maxMemoryBytes: CODE_MODE.limits.maxMemoryBytes, monotonicMs: () => performance.now() },
  });
}
type Engine = ReturnType<typeof engineOf>;

const open = (engine: Engine, more: object = {}): Promise<SandboxSession> =>
  engine.open({ limits: { ...CODE_MODE.limits, maxCalls: 2 * CALLS }, signal, ...more });

/** Opens, runs and ends; throws where the script does not give a value. */
async function fresh(engine: Engine, code: string, more: object = {}): Promise<void> {
  const session = await open(engine, more);
  const turn = await session.run(code, host, signal);
  await session[Symbol.asyncDispose]();
  if (turn.type !== 'complete') throw new Error(`${code}: ${JSON.stringify(turn)}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Time of the processor that this process and those it has waited for have had. Milliseconds. */
function processorMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return TICK_MS * [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
}

async function measure(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const add = (what: string, [median, p95]: readonly [number, number], unit = 'ms'): void =>
    void rows.push([what, `${median.toFixed(2)} ${unit}`, `${p95.toFixed(2)} ${unit}`]);

  const nothing = await timed(COLD_ROUNDS, () => since(async () => spawnSync('/bin/sh', ['-c', 'exec /bin/true'])));
  add('for comparison: a process that does nothing', nothing);

  const cold = engineOf(0);
  add('cold: start a worker, run `1 + 1`', await timed(COLD_ROUNDS, () => since(() => fresh(cold, '1 + 1'))));
  const check = { code: 'await desk.work(nonce="a")', stubs: STUBS };
  add(
    'cold, with the types of a call checked first',
    await timed(COLD_ROUNDS, () => since(() => fresh(cold, check.code, { check }))),
  );

  const warm = engineOf(4);
  // A worker for each run: those ready must be ready again before the next one.
  const warmRun = (code: string) => async (): Promise<number> => {
    await pause(25);
    return since(() => fresh(warm, code));
  };
  add('fresh run in a worker that is ready: `1 + 1`', await timed(ROUNDS / 2, warmRun('1 + 1')));
  const work = 'rows = [{"id": i, "open": i % 3 == 0} for i in range(1000)]\nlen([r for r in rows if r["open"]])';
  add('the same with a thousand rows to filter', await timed(ROUNDS / 2, warmRun(work)));

  const one = await open(warm);
  add('another run in the same session', await timed(ROUNDS, () => since(() => one.run('1 + 1', host, signal))));
  const inOrder = `for i in range(${CALLS}):\n    await desk.work(nonce=str(i))`;
  const atOnce = `import asyncio\nlen(await asyncio.gather(*[desk.work(nonce=str(i)) for i in range(${CALLS})]))`;
  for (const [how, code] of [
    ['one after the other', inOrder],
    ['at once', atOnce],
  ] as const) {
    const [median, p95] = await timed(CALL_ROUNDS, () => since(() => fresh(warm, code)));
    add(
      `a call of the host, of ${CALLS.toLocaleString('en-US')} ${how}`,
      [median, p95].map((ms) => (1_000 * ms) / CALLS) as [number, number],
      'µs',
    );
  }

  await one.run('rows = [{"id": i, "name": f"row {i}"} for i in range(100)]', host, signal);
  let dump: Uint8Array = new Uint8Array();
  add(
    'dump of a session with a hundred rows',
    await timed(ROUNDS, () =>
      since(async () => {
        dump = await one.dump();
      }),
    ),
  );
  const load = async (): Promise<number> => {
    await pause(25);
    return since(() => fresh(warm, 'len(rows)', { dump }));
  };
  add(`load of it (${dump.length} bytes) in another worker, and a run`, await timed(ROUNDS / 2, load));
  await one[Symbol.asyncDispose]();

  const before = processorMs();
  const startedMs = performance.now();
  let runs = 0;
  const loop = async (): Promise<void> => {
    for (; performance.now() - startedMs < STREAK_MS; runs++) await fresh(warm, '1 + 1');
  };
  await Promise.all([loop(), loop(), loop()]);
  await pause(200);
  const used = processorMs() - before;
  rows.push(['fresh runs for each second of processor time, workers included', (1_000 * (runs / used)).toFixed(0), '']);
  const again = await open(warm);
  const beforeRuns = processorMs();
  let more = 0;
  for (const until = performance.now() + STREAK_MS / 2; performance.now() < until; more++)
    await again.run('1 + 1', host, signal);
  await again[Symbol.asyncDispose]();
  await pause(200);
  rows.push(['runs in one session, likewise', (1_000 * (more / (processorMs() - beforeRuns))).toFixed(0), '']);
  await cold[Symbol.asyncDispose]();
  await warm[Symbol.asyncDispose]();
  return rows;
}

function render(rows: readonly Row[]): string {
  return ['| | median | p95 |', '|---|---:|---:|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'write-docs': { type: 'boolean', default: false } } });
  if (findWorker() === undefined) {
    process.stdout.write('there is no worker for this platform\n');
    return 2;
  }
  process.stderr.write('about a minute …\n');
  const table = render(await measure());
  process.stdout.write(`${table}\n`);
  if (!values['write-docs']) return 0;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, worker ${WORKER_VERSION}`;
  await writeFile(
    join(ROOT, 'docs/sandbox.md'),
    `# What a script costs

<!-- Generated by \`npm run bench:sandbox -- --write-docs\`; edit bench/sandbox/run.ts instead. -->

What [Code Mode](guide/code-mode.md) adds before a script does anything of its own, without a box around the worker. One run of
\`npm run bench:sandbox\` on one machine (${machine}); look at how the lines stand to each other.

${table}

A worker serves one run and ends with it. Some are kept ready, so that a run waits for none unless many come at once. The first check
of types in a worker takes the most of its time.
`,
  );
  process.stdout.write('\nwrote docs/sandbox.md\n');
  return 0;
}

process.exitCode = await main();
