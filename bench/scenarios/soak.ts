/** The claim about endurance: memory stays flat, nothing fails, and the trail has a row for every call that was made. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeapReading } from '../harness/heap-probe.ts';
import { modernCall } from '../harness/requests.ts';
import { slope } from '../harness/statistics.ts';
import { cpuMicros, memoryMb } from '../harness/usage.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from './scenario.ts';

export interface Soak {
  readonly seconds: number;
  readonly rate: number;
  readonly calls: number;
  readonly failed: number;
  readonly unanswered: number;
  /** Rows of tools/call in the trail after an orderly end, and those without an ok result. */
  readonly trailRows: number;
  readonly trailNotOk: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly usPerCall: number;
  readonly rssMb: readonly { readonly second: number; readonly mb: number }[];
  /** Slope of resident memory over the second half. */
  readonly rssMbPerMinute: number;
  /** After garbage collection, before and after. */
  readonly heap: { readonly before: HeapReading; readonly after: HeapReading };
}

const RATE = 1_000;
const SAMPLE_MS = 1_000;
const WARM_REQUESTS = 10_000;

function countRows(dataDir: string): { rows: number; notOk: number } {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const row = db
      .prepare(
        "SELECT count(*) AS calls, count(*) FILTER (WHERE result IS NULL OR result <> 'ok') AS bad FROM trail WHERE kind = 'tools.call'",
      )
      .get();
    return { rows: Number(row?.calls), notOk: Number(row?.bad) };
  } finally {
    db.close();
  }
}

export const soak: Scenario = {
  name: 'soak',
  title: `Soak: tools/call (2026-07-28) at ${RATE.toLocaleString('en')} calls a second, everything on`,
  inShort: false,
  inGuard: true,
  async run(lab) {
    const seconds = lab.options.soakSeconds;
    const mock = await lab.startMock();
    const [gateway] = await lab.startGateways({
      servers: { mock: httpServer(mock) },
      // Nothing may be removed before it is counted.
      audit: { maxSizeMb: 1_048_576 },
      isProbed: true,
    });
    if (gateway?.key === undefined) throw new Error('no gateway');
    const shape = modernCall({ port: gateway.port, key: gateway.key }, EXPOSED_TOOL);
    const warm = await lab.load.run({ ...shape, connections: 32, rate: 0, requests: WARM_REQUESTS, maxSeconds: 60 });
    const before = await gateway.readHeap();
    const rssMb: { second: number; mb: number }[] = [];
    const startedMs = performance.now();
    const sampling = new AbortController();
    const sample = async (): Promise<void> => {
      while (!sampling.signal.aborted) {
        rssMb.push({ second: (performance.now() - startedMs) / 1_000, mb: memoryMb(gateway.pids).rss });
        await sleep(SAMPLE_MS, undefined, { signal: sampling.signal }).catch(() => {});
      }
    };
    const sampler = sample();
    const cpuBefore = cpuMicros(gateway.pids);
    const requests = RATE * seconds;
    const report = await lab.load.run({ ...shape, connections: 64, rate: RATE, requests, maxSeconds: seconds + 5 });
    const usPerCall = (cpuMicros(gateway.pids) - cpuBefore) / requests;
    sampling.abort();
    await sampler;
    const after = await gateway.readHeap();
    await gateway.stop();
    const { rows, notOk } = countRows(gateway.dataDir);
    const late = rssMb.filter(({ second }) => second > seconds / 2);
    const soak: Soak = {
      seconds,
      rate: RATE,
      calls: warm.answered + warm.failed + report.answered + report.failed,
      failed: warm.failed + report.failed,
      unanswered: warm.unanswered + report.unanswered,
      trailRows: rows,
      trailNotOk: notOk,
      p50Ms: report.latencyMs.p50,
      p99Ms: report.latencyMs.p99,
      maxMs: report.latencyMs.max,
      usPerCall,
      rssMb,
      rssMbPerMinute: 60 * slope(late.map(({ second, mb }) => [second, mb])),
      heap: { before, after },
    };
    return { soak };
  },
};
