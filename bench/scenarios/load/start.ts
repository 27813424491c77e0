/** The claim about the first minute: how soon a gateway is there from its command, what it weighs at rest and on disk. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lab, OURS, type Subject } from '../../harness/lab.ts';
import { decidePlacement, pinned } from '../../harness/processes.ts';
import { hubCall, legacyCall, openSession, type Shape } from '../../harness/requests.ts';
import { median } from '../../harness/statistics.ts';
import { memoryMb } from '../../harness/usage.ts';
import { EXPOSED_TOOL, type Scenario, TOOL } from '../scenario.ts';
import type { StartFigures, StartRow } from './figures.ts';
import { governed } from './governed.ts';
import { measureSizes } from './sizes.ts';

/** One start, milliseconds from the command. */
interface Start {
  readonly listeningMs?: number;
  readonly readyMs?: number;
  readonly firstCallMs?: number;
  readonly restMb: number;
}

const STARTS = { short: 3, long: 9 };
/** So long after the last thing it did memory is looked at. */
const REST_MS = 2_000;
const CALL_LIMIT_MS = 30_000;
const CALL_POLL_MS = 10;
const BARE_LIMIT_MS = 20_000;

/** From its start to its end, on the core of the gateways. */
function startBare(): number {
  const [command, args] = pinned(decidePlacement().subject, process.execPath, ['-e', '0']);
  const startedMs = performance.now();
  spawnSync(command, args, { timeout: BARE_LIMIT_MS });
  return performance.now() - startedMs;
}

/** Calls until a call is answered: some take requests before their server is there. */
async function untilCalled(lab: Lab, shapeOf: () => Promise<Shape>): Promise<void> {
  const deadline = performance.now() + CALL_LIMIT_MS;
  for (let why: unknown; performance.now() < deadline; await sleep(CALL_POLL_MS)) {
    try {
      const once = { connections: 1, rate: 0, requests: 1, maxSeconds: 5 };
      const report = await lab.load.run({ ...(await shapeOf()), ...once });
      if (report.answered === 1) return;
      why = report.firstFailure;
    } catch (error) {
      why = error;
    }
    if (performance.now() + CALL_POLL_MS >= deadline) throw new Error(`no call is answered: ${String(why)}`);
  }
}

async function restMb({ pids }: Subject): Promise<number> {
  await sleep(REST_MS);
  return memoryMb(pids).rss;
}

async function startOurs(lab: Lab, servers: { readonly [name: string]: object }): Promise<Start> {
  const startedMs = performance.now();
  const [gateway] = await lab.startGateways(governed({ servers }));
  if (gateway?.key === undefined) throw new Error('no gateway');
  const { key, port, startMs } = gateway;
  const moments = { listeningMs: startMs.listening, readyMs: startMs.ready };
  if (Object.keys(servers).length === 0) return { ...moments, restMb: await restMb(gateway) };
  const target = { port, key };
  await untilCalled(lab, async () => legacyCall(target, EXPOSED_TOOL, await openSession(target)));
  return { ...moments, firstCallMs: performance.now() - startedMs, restMb: await restMb(gateway) };
}

async function startPeer(
  lab: Lab,
  start: () => Promise<Subject>,
  shapeOf: (port: number) => Promise<Shape>,
): Promise<Start> {
  const startedMs = performance.now();
  const subject = await start();
  await untilCalled(lab, () => shapeOf(subject.port));
  return { firstCallMs: performance.now() - startedMs, restMb: await restMb(subject) };
}

/** What is started with one server on stdio, each in the way it wants. */
function subjectsOf(lab: Lab): readonly { readonly name: string; start(): Promise<Start> }[] {
  const [command, args] = lab.stdioMock();
  const ours = { name: OURS, start: () => startOurs(lab, { mock: { command, args } }) };
  if (!lab.options.withPeers) return [ours];
  const session = async (port: number): Promise<Shape> => legacyCall({ port }, TOOL, await openSession({ port }));
  const bridge = (name: 'mcp-proxy' | 'supergateway') => ({
    name,
    start: () => startPeer(lab, () => lab.startBridge(name), session),
  });
  const hub = async (): Promise<Subject> => {
    const file = join(lab.folder(), 'mcp-hub.json');
    writeFileSync(file, JSON.stringify({ mcpServers: { mock: { command, args } } }));
    return lab.startHub(file);
  };
  const hubShape = async (port: number): Promise<Shape> => hubCall(port, 'mock', TOOL);
  return [
    ours,
    bridge('mcp-proxy'),
    bridge('supergateway'),
    { name: 'mcp-hub', start: () => startPeer(lab, hub, hubShape) },
  ];
}

function rowOf(name: string, starts: readonly Start[]): StartRow {
  const middle = (pick: (start: Start) => number | undefined): number | undefined => {
    const values = starts.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
  return {
    ...{ name, starts: starts.length, restMb: median(starts.map((start) => start.restMb)) },
    listeningMs: middle((start) => start.listeningMs),
    readyMs: middle((start) => start.readyMs),
    firstCallMs: middle((start) => start.firstCallMs),
  };
}

export const start: Scenario = {
  name: 'start',
  title: 'Start and size: from the command to the first call, memory at rest, download and disk',
  inShort: true,
  async run(lab) {
    const { isShort, isBuilt } = lab.options;
    const rounds = isShort ? STARTS.short : STARTS.long;
    const subjects = subjectsOf(lab).map((subject) => ({ ...subject, starts: [] as Start[] }));
    const empty: Start[] = [];
    const bareMs: number[] = [];
    // The first start reads everything from disk.
    startBare();
    await startOurs(lab, {});
    await lab.stopAll();
    for (let round = 0; round < rounds; round++) {
      bareMs.push(startBare());
      empty.push(await startOurs(lab, {}));
      await lab.stopAll();
      for (const { start, starts } of subjects) {
        starts.push(await start());
        await lab.stopAll();
      }
    }
    const figures: StartFigures = {
      bareMs: median(bareMs),
      empty: rowOf(`${OURS}, no servers`, empty),
      timesBare: median(empty.map(({ readyMs = Number.NaN }, i) => readyMs / (bareMs[i] ?? Number.NaN))),
      rows: subjects.map(({ name, starts }) => rowOf(name, starts)),
      sizes: !isBuilt ? [] : measureSizes(lab),
    };
    const notes = ['no console is served, so there is no first paint to measure'];
    if (!isBuilt) notes.push('sizes are those of what is published: they need the bundle');
    return { load: { start: figures }, notes };
  },
};
