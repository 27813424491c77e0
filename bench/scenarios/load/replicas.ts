/**
 * The question of several gateways on one database: what a request costs in one, two and three of them, and that no call is lost or paid
 * wrongly. Two workers on one machine are the same: two processes that share PostgreSQL and Redis.
 */

import { query } from '../../../test/support/postgres.ts';
import { createCleanup } from '../../../test/support/temp-dir.ts';
import type { Report } from '../../generator.ts';
import type { Gateway } from '../../harness/gateway.ts';
import type { Lab } from '../../harness/lab.ts';
import type { Load } from '../../harness/load.ts';
import { chatCall, modernCall, type Shape } from '../../harness/requests.ts';
import { median } from '../../harness/statistics.ts';
import { cpuMicros } from '../../harness/usage.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from '../scenario.ts';
import { type Engine, openPostgres, openRedis } from './engines.ts';
import type { StoresLoad, StoresRow } from './figures.ts';
import { governed, NAMED_MODEL, PRICES } from './governed.ts';

const COUNTS = [1, 2, 3];
/** Of all gateways together, so that the stores have the same to do each time. */
const RATES = { 'tools.call': 150, chat: 90 } as const;
const KINDS = Object.keys(RATES) as (keyof typeof RATES)[];
const SECONDS = { short: 5, long: 15 };
const WARM_SECONDS = 4;
const GRACE_SECONDS = 5;

interface Site {
  readonly gateways: readonly Gateway[];
  readonly loads: readonly Load[];
  readonly postgres: Engine;
  readonly redis: Engine;
}

function shapeOf(kind: keyof typeof RATES, { port, key = '' }: Gateway): Shape {
  return kind === 'chat' ? chatCall({ port, key }, NAMED_MODEL) : modernCall({ port, key }, EXPOSED_TOOL);
}

/** One kind of call at all gateways at once, each with its share. Returns what was made of it besides. */
async function measureKind(
  lab: Lab,
  { gateways, loads, postgres, redis }: Site,
  kind: keyof typeof RATES,
): Promise<{ readonly row: StoresRow; readonly made: number }> {
  const seconds = lab.options.isShort ? SECONDS.short : SECONDS.long;
  const share = Math.round(RATES[kind] / gateways.length);
  const load = (forSeconds: number): Promise<Report[]> =>
    Promise.all(
      gateways.flatMap((gateway, i) => {
        const size = { rate: share, requests: share * forSeconds, connections: 16 };
        const job = { ...shapeOf(kind, gateway), ...size, maxSeconds: forSeconds + GRACE_SECONDS };
        const own = loads[i];
        return own === undefined ? [] : [own.run(job)];
      }),
    );
  const sum = (reports: readonly Report[], pick: (report: Report) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const allOf = (reports: readonly Report[]): number =>
    sum(reports, ({ answered, failed, unanswered }) => answered + failed + unanswered);
  const used = (): number[] => [cpuMicros(gateways.flatMap(({ pids }) => pids)), postgres.micros(), redis.micros()];

  const warm = allOf(await load(WARM_SECONDS));
  const before = used();
  const reports = await load(seconds);
  const calls = allOf(reports);
  const [gatewayUs = 0, postgresUs = 0, redisUs = 0] = used().map((now, i) => (now - (before[i] ?? 0)) / calls);
  const ms = {
    p50: median(reports.map(({ latencyMs }) => latencyMs.p50)),
    p99: Math.max(...reports.map(({ latencyMs }) => latencyMs.p99)),
  };
  const row: StoresRow = {
    ...{ stores: nameOf(gateways.length), kind, rate: share * gateways.length, ms, gatewayUs, postgresUs, redisUs },
    ...{ failed: sum(reports, ({ failed }) => failed), unanswered: sum(reports, ({ unanswered }) => unanswered) },
    firstFailure: reports.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
  };
  return { row, made: warm + calls };
}

const nameOf = (count: number): string => (count === 1 ? '1 gateway' : `${count} gateways`);

/** Of gateways that have ended. Throws where the ledger of the key is not the sum of the trail, or tool calls cost other than their price. */
async function readTrail(
  { url }: Engine,
  madeTools: number,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const text = `SELECT count(*) AS rows, coalesce(sum(price_micro_usd), 0) AS spent,
      coalesce(sum(price_micro_usd) FILTER (WHERE kind = 'tools.call'), 0) AS of_tools,
      pg_total_relation_size('portcullis.trail') AS bytes FROM portcullis.trail WHERE kind = ANY($1)`;
  const [trail] = await query(url, text, [KINDS]);
  const ledgerText = "SELECT sum(micro_usd) AS spent FROM portcullis.spend_by_level WHERE level_type = 'key'";
  const [ledger] = await query(url, ledgerText, []);
  if (Number(trail?.spent) !== Number(ledger?.spent))
    throw new Error(`the ledger says that ${ledger?.spent} microdollars were spent, the trail ${trail?.spent}`);
  if (Number(trail?.of_tools) !== madeTools * PRICES.tool)
    throw new Error(`${madeTools} tool calls at ${PRICES.tool} microdollars cost ${trail?.of_tools} by the trail`);
  return { rows: Number(trail?.rows), bytes: Number(trail?.bytes) };
}

export const loadReplicas: Scenario = {
  name: 'load-replicas',
  title: 'Load: one, two and three gateways on one PostgreSQL and one Redis; everything on',
  inShort: false,
  async run(lab) {
    const rows: StoresRow[] = [];
    const trails: StoresLoad['trails'][number][] = [];
    const notes = [
      'all gateways share one core, the stores another: what is shown is what a request costs; the more gateways share a rate, the colder each is, and each looks at the database twice a second by itself',
      'p50 is the median of the gateways, p99 that of the worst; what the ledger of the key says was spent is the sum of the trail, and tool calls cost their number times their price',
    ];
    for (const count of COUNTS) {
      const cleanup = createCleanup();
      try {
        const postgres = await openPostgres(cleanup);
        const redis = await openRedis(cleanup);
        if (postgres === undefined || redis === undefined)
          return { notes: ['left out: PostgreSQL or Redis is not installed'] };
        const [mock, model] = [await lab.startMock(), await lab.startStreamMock([])];
        const more = { database: { url: postgres.url }, redis: { url: redis.url } };
        const gateways: Gateway[] = [];
        for (let i = 0; i < count; i++) {
          const [gateway] = await lab.startGateways(governed({ servers: { mock: httpServer(mock) }, model, more }));
          if (gateway !== undefined) gateways.push(gateway);
        }
        const site: Site = { gateways, loads: await lab.startLoads(count), postgres, redis };
        let [made, madeTools] = [0, 0];
        for (const kind of KINDS) {
          const measured = await measureKind(lab, site, kind);
          rows.push(measured.row);
          made += measured.made;
          if (kind === 'tools.call') madeTools = measured.made;
        }
        for (const gateway of gateways) await gateway.stop();
        const trail = await readTrail(postgres, madeTools);
        trails.push({ stores: nameOf(count), made, rows: trail.rows, bytesPerRow: trail.bytes / trail.rows });
        await lab.stopAll();
      } finally {
        await cleanup.run();
      }
    }
    return { load: { stores: { rows, trails } }, notes };
  },
};
