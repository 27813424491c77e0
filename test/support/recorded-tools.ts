/** 2,054 tools of 46 published servers as test data: their definitions where the recording is at hand, else their names alone. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition } from './clients.ts';
import { ROOT } from './gateway.ts';

/** Each line: a server, then its tools in its own order. Names and counts as recorded on 2026-11-22. */
const NAMES_FILE = join(ROOT, 'test/fixtures/recorded-tool-names.txt');
/** Beside the repository; not in it, since it is 4.5 MB under the licences of its 46 packages. */
const FOLDER = process.env.PORTCULLIS_RECORDED_TOOLS ?? join(ROOT, '../shared/data/mcp-tools');

export interface RecordedTools {
  /** Own definitions by server id. */
  readonly servers: ReadonlyMap<string, readonly Definition[]>;
  /** For the reader of a report. */
  readonly origin: string;
}

/** The recorded names, each with a definition made up here: of ordinary size, always the same. */
export function madeUpTools(): RecordedTools {
  const lines = readFileSync(NAMES_FILE, 'utf8').trimEnd().split('\n');
  const servers = new Map<string, readonly Definition[]>();
  for (const line of lines) {
    const [server = '', ...names] = line.split(' ');
    servers.set(
      server,
      names.map((name, i) => ({
        name,
        description: `Tool ${i} of ${server}: ${'does its work and says what came of it – '.repeat(1 + (i % 40))}`,
        inputSchema: {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: i % 12 }, (_, n) => [`field_${n}`, { type: 'string', description: `Field ${n}` }]),
          ),
        },
        annotations: { readOnlyHint: i % 2 === 0 },
      })),
    );
  }
  return { servers, origin: 'recorded names with made-up definitions, no recording being at hand' };
}

/** The recorded definitions; those made up where the recording is not at hand. */
export function recordedTools(): RecordedTools {
  if (!existsSync(FOLDER)) return madeUpTools();
  const servers = new Map<string, readonly Definition[]>();
  for (const file of readdirSync(FOLDER).sort()) {
    if (!file.endsWith('.json')) continue;
    const { alias, tools } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
      alias: string;
      tools: readonly Definition[];
    };
    servers.set(alias, tools);
  }
  return { servers, origin: 'recorded definitions' };
}
