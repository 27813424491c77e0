/** The claim about growth: with more tools, servers, keys and sessions a call costs the same, and memory grows as documented. */

import { KeyShape } from '../../src/contracts/shapes/directory.ts';
import { createAccessToken, createObjectId } from '../../src/lib/access-token.ts';
import { inTransaction } from '../../src/platform/stores/sqlite/open-database.ts';
import { openStore } from '../../src/platform/stores/sqlite/open-store.ts';
import type { GatewaySetup } from '../harness/gateway.ts';
import type { Lab } from '../harness/lab.ts';
import { legacyCall, modernCall, openSessions, type Shape } from '../harness/requests.ts';
import { runRates, runRounds } from '../harness/rounds.ts';
import { slope } from '../harness/statistics.ts';
import { direct, EXPOSED_TOOL, httpServer, type Scenario, TOOL } from './scenario.ts';

export interface GrowthPoint {
  readonly count: number;
  readonly us: number;
  readonly ratio: number;
  /** Milliseconds at 500 calls a second, and what they add to the mock's own. */
  readonly p50Ms: number;
  readonly addedP50Ms: number;
  /** After garbage collection. */
  readonly heapMb: number;
  readonly externalMb: number;
  readonly rssMb: number;
  readonly readyMs: number;
  readonly failed: number;
}

export interface Growth {
  readonly of: string;
  readonly points: readonly GrowthPoint[];
  /** Heap and external memory per item, from all points. */
  readonly kbPerItem: number;
}

/** How many of each there are. */
interface Size {
  readonly tools: number;
  readonly servers: number;
  readonly keys: number;
  /** Legacy ones, each call in another; 0: calls are modern. */
  readonly sessions: number;
}

const SMALL: Size = { tools: 10, servers: 1, keys: 10, sessions: 0 };
const RATE = 500;
/** Calls go round all of them, up to so many. */
const MAX_VALUES = 10_000;
const MAX_WARM_SECONDS = 30;

/** Writes keys in one transaction, and without a line each in the record of changes. Returns their secrets. */
function createKeys(dataDir: string, count: number): string[] {
  const db = openStore(dataDir);
  const insert = db.prepare(
    `INSERT INTO objects (seq, kind, id, name, body, version, deleted, made, created_at_ms, updated_at_ms)
     VALUES (:seq, 'key', :id, :name, :body, 1, 0, :seq, :now, :now)`,
  );
  const secrets: string[] = [];
  inTransaction(db, () => {
    for (let i = 0; i < count; i++) {
      const { token, hash, prefix } = createAccessToken('pck');
      const body = KeyShape.parse({
        name: `bench-${i}`,
        grant: { allow: ['*'], deny: [`*/tool_${i % 7}`] },
        secrets: [{ hash, prefix, createdAtMs: Date.now() }],
      });
      const [id, now] = [createObjectId('key'), Date.now()];
      insert.run({ seq: i + 1, id, name: body.name, body: JSON.stringify(body), now });
      secrets.push(token);
    }
    db.prepare('UPDATE objects_seq SET last = ?').run(count);
  });
  db.close();
  return secrets;
}

/** Every key and session has been there before it is measured: what the first call of each costs is not what we ask. */
function warmedFor(lab: Lab, values: number): Lab {
  const { plan } = lab.options;
  const warmRequests = Math.max(plan.warmRequests, 2 * values);
  const warmSeconds = Math.max(plan.warmSeconds, (MAX_WARM_SECONDS * values) / MAX_VALUES);
  return { ...lab, options: { ...lab.options, plan: { ...plan, warmRequests, warmSeconds } } };
}

async function measure(lab: Lab, size: Size, count: number): Promise<GrowthPoint> {
  // A mock in each folder of its paths: one process stands for all servers.
  const mock = await lab.startMock(['--tools', String(size.tools), ...(size.sessions > 0 ? ['--legacy-only'] : [])]);
  const reference = await lab.startReference(mock);
  const names = size.servers === 1 ? ['mock'] : Array.from({ length: size.servers }, (_, i) => `s${i}`);
  let secrets: string[] = [];
  const setup: GatewaySetup = {
    servers: Object.fromEntries(names.map((name) => [name, httpServer(mock, `/${name}/mcp`)])),
    limits: { maxSessions: 100_000, pageItems: 1_000 },
    prepare(dataDir) {
      secrets = createKeys(dataDir, size.keys);
    },
    isProbed: true,
  };
  const [gateway] = await lab.startGateways(setup);
  if (gateway === undefined) throw new Error('no gateway');
  const tool = size.servers === 1 ? EXPOSED_TOOL : `s${size.servers - 1}__${TOOL}`;
  const target = { port: gateway.port, ...(gateway.key === undefined ? {} : { key: gateway.key }) };
  let shape: Shape;
  if (size.sessions > 0) {
    const sessions = await openSessions(target, size.sessions);
    shape = { ...legacyCall(target, tool, '@VALUE@'), values: sessions };
  } else {
    const keyed = modernCall({ port: gateway.port, key: '@VALUE@' }, tool);
    shape = { ...keyed, values: secrets.slice(0, MAX_VALUES) };
  }
  const referenceShape = size.sessions > 0 ? legacyCall(reference, TOOL, 'mock') : modernCall(reference, TOOL);
  const rows = await runRounds(
    warmedFor(lab, shape.values?.length ?? 0),
    [
      { subject: reference, shape: referenceShape },
      { subject: gateway, shape },
    ],
    gateway.name,
  );
  const rateRows = await runRates(
    lab,
    [
      { subject: direct(mock), shape: { ...referenceShape, port: mock } },
      { subject: gateway, shape },
    ],
    [RATE],
  );
  const heap = await gateway.readHeap();
  const [row, rate] = [rows[1], rateRows[1]];
  if (row === undefined || rate === undefined) throw new Error('nothing measured');
  await lab.stopAll();
  return {
    count,
    us: row.us.median,
    ratio: row.ratio.median,
    p50Ms: rate.latencyMs.p50,
    addedP50Ms: rate.addedMs?.p50 ?? 0,
    heapMb: heap.heapMb,
    externalMb: heap.externalMb,
    rssMb: heap.rssMb,
    readyMs: gateway.startMs.ready,
    failed: row.failed + rate.failed + rate.unanswered,
  };
}

function growing(of: string, title: string, counts: readonly number[], sizeOf: (count: number) => Size): Scenario {
  return {
    name: `growth-${of}`,
    title,
    inShort: false,
    async run(wide) {
      const { plan } = wide.options;
      // Many points, each only to show whether the line is flat.
      const rounds = Math.ceil(plan.rounds / 2);
      const lab: Lab = { ...wide, options: { ...wide.options, plan: { ...plan, rounds, rateRounds: 1 } } };
      const points: GrowthPoint[] = [];
      for (const count of counts) {
        lab.say(`  ${of}: ${count.toLocaleString('en')}`);
        points.push(await measure(lab, sizeOf(count), count));
      }
      const kbPerItem = 1_024 * slope(points.map(({ count, heapMb, externalMb }) => [count, heapMb + externalMb]));
      return { growth: { of, points, kbPerItem } };
    },
  };
}

export const GROWTH_SCENARIOS: readonly Scenario[] = [
  growing('tools', 'Growth: tools of one server', [10, 1_000, 10_000], (tools) => ({ ...SMALL, tools })),
  growing('servers', 'Growth: servers with ten tools each', [1, 20, 200], (servers) => ({ ...SMALL, servers })),
  growing('keys', 'Growth: keys, each call with another', [10, 10_000, 100_000], (keys) => ({ ...SMALL, keys })),
  growing('sessions', 'Growth: legacy sessions, each call in another', [1, 1_000, 10_000], (sessions) => ({
    ...SMALL,
    sessions,
  })),
  growing('together', 'Growth: keys, tools and sessions, so many of each', [10, 10_000], (count) => ({
    tools: count,
    servers: 1,
    keys: count,
    sessions: count,
  })),
];
