/** The claim about streams: 2,000 at once for a minute, none lost, memory flat afterwards, the first piece hardly later. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { HeapReading } from '../harness/heap-probe.ts';
import { cpuMicros } from '../harness/usage.ts';
import type { StreamLoadFigures } from '../stream-load.ts';
import type { Scenario } from './scenario.ts';

export interface Streams {
  readonly atOnce: number;
  readonly seconds: number;
  readonly chunks: number;
  readonly everyMs: number;
  readonly direct: StreamLoadFigures;
  readonly gateway: StreamLoadFigures;
  /** The same with this many streams at once. */
  readonly few: { readonly atOnce: number; readonly direct: StreamLoadFigures; readonly gateway: StreamLoadFigures };
  readonly usPerChunk: number;
  /** Rows of chats in the trail after an orderly end, those without an ok result, and their output tokens. */
  readonly trail: { readonly rows: number; readonly notOk: number; readonly outputTokens: number };
  readonly made: number;
  /** After garbage collection: before, and a while after the last stream. */
  readonly heap: { readonly before: HeapReading; readonly after: HeapReading };
}

const AT_ONCE = 2_000;
const SECONDS = 60;
const DIRECT_SECONDS = 20;
const FEW = 50;
const FEW_SECONDS = 12;
const CHUNKS = 40;
const EVERY_MS = 250;
const MODEL = 'bench-1';

function readTrail(dataDir: string): Streams['trail'] {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const row = db
      .prepare(
        "SELECT count(*) AS rows, count(*) FILTER (WHERE result IS NULL OR result <> 'ok') AS bad, sum(output_tokens) AS output FROM trail WHERE kind = 'chat'",
      )
      .get();
    return { rows: Number(row?.rows), notOk: Number(row?.bad), outputTokens: Number(row?.output) };
  } finally {
    db.close();
  }
}

export const streams: Scenario = {
  name: 'streams',
  title: `Streams: ${AT_ONCE.toLocaleString('en')} chats at once, a piece every ${EVERY_MS} ms, everything on`,
  inShort: false,
  async run(lab) {
    const mock = await lab.startStreamMock(['--chunks', String(CHUNKS), '--every', String(EVERY_MS)]);
    const [gateway] = await lab.startGateways({
      servers: {},
      providers: { bench: { type: 'openai', baseUrl: `http://127.0.0.1:${mock}/v1` } },
      audit: { maxSizeMb: 1_048_576 },
      isProbed: true,
    });
    if (gateway?.key === undefined) throw new Error('no gateway');
    const load = async (
      port: number,
      model: string,
      atOnce: number,
      forSeconds: number,
    ): Promise<StreamLoadFigures> => {
      const flags = ['--url', `http://127.0.0.1:${port}`, '--key', gateway.key ?? '', '--model', model];
      const size = ['--streams', String(atOnce), '--seconds', String(forSeconds)];
      const shape = ['--chunks', String(CHUNKS), '--every', String(EVERY_MS)];
      return JSON.parse(await lab.runGenerator('stream-load.ts', [...flags, ...size, ...shape])) as StreamLoadFigures;
    };
    const named = `bench/${MODEL}`;
    // Compiles what is used, and opens the pools.
    const warm = await load(gateway.port, named, AT_ONCE / 4, 1);
    const before = await gateway.readHeap();
    const few = {
      atOnce: FEW,
      direct: await load(mock, MODEL, FEW, FEW_SECONDS),
      gateway: await load(gateway.port, named, FEW, FEW_SECONDS),
    };
    const direct = await load(mock, MODEL, AT_ONCE, DIRECT_SECONDS);
    const cpuBefore = cpuMicros(gateway.pids);
    const through = await load(gateway.port, named, AT_ONCE, SECONDS);
    const usPerChunk = (cpuMicros(gateway.pids) - cpuBefore) / (through.finished * CHUNKS);
    const after = await gateway.readHeap();
    await gateway.stop();
    const made = [warm, few.gateway, through].reduce((sum, { finished, broken }) => sum + finished + broken, 0);
    return {
      streams: {
        ...{ atOnce: AT_ONCE, seconds: SECONDS, chunks: CHUNKS, everyMs: EVERY_MS, direct, gateway: through, few },
        ...{ usPerChunk, trail: readTrail(gateway.dataDir), made, heap: { before, after } },
      },
    };
  },
};
