/** The claim about endurance with everything at once: nothing fails, each call has its row, and the money adds up. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Report } from '../../generator.ts';
import { chooseBuild, type Gateway } from '../../harness/gateway.ts';
import type { HeapReading } from '../../harness/heap-probe.ts';
import { chatCall, executeCall, modernCall, modernList, type Shape } from '../../harness/requests.ts';
import { cpuMicros } from '../../harness/usage.ts';
import type { StreamLoadFigures } from '../../stream-load.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from '../scenario.ts';
import type { MixedKind, MixedLoad } from './figures.ts';
import { countTrail, governed, NAMED_MODEL, PRICES, rowsOf } from './governed.ts';

interface Kind {
  readonly name: string;
  /** A second. */
  readonly rate: number;
  /** As the trail calls it. */
  readonly kind: string;
  readonly shape: Shape;
}

/** A stream lasts a second, and each slot begins the next at once. */
const STREAMS = 50;
const CHUNKS = 20;
const EVERY_MS = 50;
const MODEL_MS = 20;
/** What the model says of its prompts; see `stream-mock.ts`. */
const PROMPT_TOKENS = 20;
const CHAT_PRICE = PROMPT_TOKENS * PRICES.input + CHUNKS * PRICES.output;
const WARM_SECONDS = 3;
const GRACE_SECONDS = 5;
const COMMAND_LIMIT_MS = 60_000;

function kindsFor(port: number, key: string): readonly Kind[] {
  const target = { port, key };
  return [
    { name: 'tools/call', rate: 200, kind: 'tools.call', shape: modernCall(target, EXPOSED_TOOL) },
    { name: 'execute', rate: 50, kind: 'tools.call', shape: executeCall(target, EXPOSED_TOOL) },
    { name: 'tools/list', rate: 50, kind: 'tools.list', shape: modernList(target) },
    { name: 'chat', rate: 100, kind: 'chat', shape: chatCall(target, NAMED_MODEL) },
  ];
}

/** Sums over windows, percentiles of the last. */
function addUp({ name, rate }: Kind, reports: readonly Report[]): MixedKind {
  const sum = (pick: (report: Report) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const { p50 = 0, p99 = 0 } = reports.at(-1)?.latencyMs ?? {};
  return {
    ...{ name, rate, ms: { p50, p99 } },
    made: sum(({ answered, failed, unanswered }) => answered + failed + unanswered),
    failed: sum(({ failed }) => failed),
    unanswered: sum(({ unanswered }) => unanswered),
    firstFailure: reports.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
  };
}

function addUpStreams(figures: readonly StreamLoadFigures[], seconds: number): MixedKind {
  const last = figures.at(-1);
  const sum = (pick: (each: StreamLoadFigures) => number): number =>
    figures.reduce((total, one) => total + pick(one), 0);
  return {
    ...{ name: 'chat, streamed', rate: (last?.finished ?? 0) / seconds, unanswered: 0 },
    made: sum(({ finished, broken }) => finished + broken),
    failed: sum(({ broken }) => broken),
    firstFailure: figures.find(({ firstBroken }) => firstBroken !== undefined)?.firstBroken,
    ms: last?.wholeMs ?? { p50: 0, p99: 0 },
  };
}

function readLedger(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const row = db.prepare("SELECT sum(micro_usd) AS spent FROM spend_by_level WHERE level_type = 'key'").get();
    return Number(row?.spent);
  } finally {
    db.close();
  }
}

/** The command that adds up the trail anew. It fails where there are differences, and then says which on standard output. */
function verifySpend(root: string, isBuilt: boolean, { configFile, dataDir }: Gateway): MixedLoad['verified'] {
  const command = ['audit', 'verify-spend', '--config', configFile, '--data', dataDir, '--json'];
  const args = [...chooseBuild(root, isBuilt).args, ...command];
  const options = { cwd: root, encoding: 'utf8', timeout: COMMAND_LIMIT_MS } as const;
  const parse = (text: string): MixedLoad['verified'] => {
    const { figures, differences } = JSON.parse(text) as { figures: number; differences: readonly unknown[] };
    return { figures, differences: differences.length };
  };
  try {
    return parse(execFileSync(process.execPath, args, options));
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && String(error.stdout).startsWith('{'))
      return parse(String(error.stdout));
    throw error;
  }
}

const heapOf = ({ heapMb, externalMb }: HeapReading): number => heapMb + externalMb;

export const loadMixed: Scenario = {
  name: 'load-mixed',
  title: 'Load: a soak of calls, executions, lists, chats and streams at once, everything on',
  inShort: false,
  async run(lab) {
    const seconds = lab.options.soakSeconds;
    const mock = await lab.startMock();
    const pace = ['--chunks', String(CHUNKS), '--every', String(EVERY_MS)];
    const model = await lab.startStreamMock([...pace, '--delay', String(MODEL_MS)]);
    const servers = { mock: httpServer(mock) };
    const [gateway] = await lab.startGateways(governed({ servers, model, ofKeys: { execute: 'any' }, isProbed: true }));
    if (gateway?.key === undefined) throw new Error('no gateway');
    const { key, port, pids } = gateway;
    const tallies = kindsFor(port, key).map((kind) => ({ kind, reports: [] as Report[] }));
    const loads = await lab.startLoads(tallies.length);
    const streams: StreamLoadFigures[] = [];
    const flags = ['--url', `http://127.0.0.1:${port}`, '--key', key, '--model', NAMED_MODEL, ...pace];
    const window = async (forSeconds: number): Promise<void> => {
      const sending = tallies.map(async ({ kind: { shape, rate }, reports }, i) => {
        const size = { rate, requests: Math.round(rate * forSeconds), connections: 32 };
        const report = await loads[i]?.run({ ...shape, ...size, maxSeconds: forSeconds + GRACE_SECONDS });
        if (report !== undefined) reports.push(report);
      });
      const amount = ['--streams', String(STREAMS), '--seconds', String(forSeconds)];
      const streaming = lab.runGenerator('stream-load.ts', [...flags, ...amount]);
      const [line] = await Promise.all([streaming, ...sending]);
      streams.push(JSON.parse(line) as StreamLoadFigures);
    };
    await window(WARM_SECONDS);
    const before = await gateway.readHeap();
    const cpuBefore = cpuMicros(pids);
    await window(seconds);
    const cpuSpent = cpuMicros(pids) - cpuBefore;
    const after = await gateway.readHeap();
    await gateway.stop();

    const kinds = [...tallies.map(({ kind, reports }) => addUp(kind, reports)), addUpStreams(streams, seconds)];
    const counts = countTrail(gateway.dataDir);
    const madeOf = (kind: string): number =>
      [...tallies.map(({ kind: { kind } }) => kind), 'chat'].reduce(
        (sum, each, i) => sum + (each === kind ? (kinds[i]?.made ?? 0) : 0),
        0,
      );
    const trail = ['tools.call', 'tools.list', 'chat'].map((kind) => {
      const { rows, notOk } = rowsOf(counts, kind);
      return { kind, made: madeOf(kind), rows, notOk };
    });
    const inWindow = tallies.reduce((sum, { reports }) => sum + (reports.at(-1)?.answered ?? 0), 0);
    const mixed: MixedLoad = {
      ...{ seconds, kinds, trail, loopDelayP99Ms: after.loopDelayP99Ms },
      spent: {
        expected: madeOf('tools.call') * PRICES.tool + madeOf('chat') * CHAT_PRICE,
        trail: counts.reduce((sum, { microUsd }) => sum + microUsd, 0),
        ledger: readLedger(gateway.dataDir),
      },
      verified: verifySpend(lab.options.roots[0] ?? '', lab.options.isBuilt, gateway),
      heapMb: { before: heapOf(before), after: heapOf(after) },
      usPerCall: cpuSpent / (inWindow + (streams.at(-1)?.finished ?? 0)),
    };
    return { load: { mixed } };
  },
};
