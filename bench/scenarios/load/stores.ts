/** The question of shared stores: what PostgreSQL and Redis in place of SQLite cost a call, in the gateway and in themselves. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../../../test/support/postgres.ts';
import { createCleanup } from '../../../test/support/temp-dir.ts';
import type { Report } from '../../generator.ts';
import type { Gateway } from '../../harness/gateway.ts';
import type { Lab } from '../../harness/lab.ts';
import { chatCall, modernCall, type Shape } from '../../harness/requests.ts';
import { cpuMicros } from '../../harness/usage.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from '../scenario.ts';
import { type Engine, openPostgres, openRedis } from './engines.ts';
import type { StoresLoad, StoresRow } from './figures.ts';
import { countTrail, governed, NAMED_MODEL, rowsOf } from './governed.ts';

interface Stores {
  readonly name: string;
  readonly postgres: Engine | undefined;
  readonly redis: Engine | undefined;
}

/** What a single PostgreSQL can count for one key, with room to spare. */
const RATES = { 'tools.call': 150, chat: 100 } as const;
const KINDS = Object.keys(RATES) as (keyof typeof RATES)[];
const SECONDS = { short: 5, long: 20 };
const WARM_SECONDS = 4;
const GRACE_SECONDS = 5;

const makeOf = ({ answered, failed, unanswered }: Report): number => answered + failed + unanswered;

/** Both kinds of call, one after the other. Returns what was made of each besides. */
async function measureRows(
  lab: Lab,
  { port, pids }: Gateway,
  key: string,
  { name, postgres, redis }: Stores,
): Promise<{ readonly rows: readonly StoresRow[]; readonly made: number }> {
  const shapes: { readonly [kind in keyof typeof RATES]: Shape } = {
    'tools.call': modernCall({ port, key }, EXPOSED_TOOL),
    chat: chatCall({ port, key }, NAMED_MODEL),
  };
  const seconds = lab.options.isShort ? SECONDS.short : SECONDS.long;
  const rows: StoresRow[] = [];
  let made = 0;
  for (const kind of KINDS) {
    const load = (forSeconds: number): Promise<Report> => {
      const size = { rate: RATES[kind], requests: RATES[kind] * forSeconds, connections: 32 };
      return lab.load.run({ ...shapes[kind], ...size, maxSeconds: forSeconds + GRACE_SECONDS });
    };
    const used = (): number[] => [cpuMicros(pids), postgres?.micros() ?? 0, redis?.micros() ?? 0];
    made += makeOf(await load(WARM_SECONDS));
    const before = used();
    const report = await load(seconds);
    const [gatewayUs = 0, postgresUs = 0, redisUs = 0] = used().map(
      (now, i) => (now - (before[i] ?? 0)) / makeOf(report),
    );
    made += makeOf(report);
    const { failed, unanswered, firstFailure } = report;
    const { p50, p99 } = report.latencyMs;
    rows.push({
      ...{ stores: name, kind, rate: RATES[kind], ms: { p50, p99 }, failed, unanswered, firstFailure },
      ...{ gatewayUs, postgresUs, redisUs },
    });
  }
  return { rows, made };
}

async function readTrail(dataDir: string, postgres: Engine | undefined): Promise<{ rows: number; bytes: number }> {
  if (postgres === undefined) {
    const counts = countTrail(dataDir);
    const rows = KINDS.reduce((sum, kind) => sum + rowsOf(counts, kind).rows, 0);
    return { rows, bytes: statSync(join(dataDir, 'portcullis.db')).size };
  }
  const text = `SELECT count(*) FILTER (WHERE kind = ANY($1)) AS rows, pg_total_relation_size('portcullis.trail') AS bytes
    FROM portcullis.trail`;
  const [row] = await query(postgres.url, text, [KINDS]);
  return { rows: Number(row?.rows), bytes: Number(row?.bytes) };
}

const SETS: readonly { readonly name: string; readonly hasPostgres: boolean; readonly hasRedis: boolean }[] = [
  { name: 'SQLite', hasPostgres: false, hasRedis: false },
  { name: 'PostgreSQL', hasPostgres: true, hasRedis: false },
  { name: 'PostgreSQL and Redis', hasPostgres: true, hasRedis: true },
];

export const loadStores: Scenario = {
  name: 'load-stores',
  title: 'Load: tools/call and chat with SQLite, with PostgreSQL, with PostgreSQL and Redis; everything on',
  inShort: false,
  async run(lab) {
    const rows: StoresRow[] = [];
    const trails: StoresLoad['trails'][number][] = [];
    const notes = [
      'the PostgreSQL does not wait for its disk (`fsync` off): its CPU is that of a real one, its latency is less',
      'database and Redis share a core with mock and generator: their latency is an upper bound in that respect',
    ];
    for (const { name, hasPostgres, hasRedis } of SETS) {
      const cleanup = createCleanup();
      try {
        const postgres = hasPostgres ? await openPostgres(cleanup) : undefined;
        const redis = hasRedis ? await openRedis(cleanup) : undefined;
        if ((hasPostgres && postgres === undefined) || (hasRedis && redis === undefined)) {
          notes.push(`${name} left out: not installed`);
          continue;
        }
        const [mock, model] = [await lab.startMock(), await lab.startStreamMock([])];
        const more = {
          ...(postgres === undefined ? {} : { database: { url: postgres.url } }),
          ...(redis === undefined ? {} : { redis: { url: redis.url } }),
        };
        const [gateway] = await lab.startGateways(governed({ servers: { mock: httpServer(mock) }, model, more }));
        if (gateway?.key === undefined) throw new Error('no gateway');
        const measured = await measureRows(lab, gateway, gateway.key, { name, postgres, redis });
        await gateway.stop();
        const trail = await readTrail(gateway.dataDir, postgres);
        rows.push(...measured.rows);
        trails.push({ stores: name, made: measured.made, rows: trail.rows, bytesPerRow: trail.bytes / trail.rows });
        await lab.stopAll();
      } finally {
        await cleanup.run();
      }
    }
    return { load: { stores: { rows, trails } }, notes };
  },
};
