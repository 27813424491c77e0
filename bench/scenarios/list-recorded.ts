/** The claim about real catalogues: the tools of 46 published servers are listed in far less than a second, the first time too. */

import { startListingServers } from '../../test/support/listing-servers.ts';
import { recordedTools } from '../../test/support/recorded-tools.ts';
import { createCleanup } from '../../test/support/temp-dir.ts';
import type { Gateway } from '../harness/gateway.ts';
import { modernList } from '../harness/requests.ts';
import { median } from '../harness/statistics.ts';
import type { Scenario } from './scenario.ts';

const LISTS = 21;
const ANSWER_LIMIT_MS = 30_000;

interface Listed {
  readonly ms: number;
  readonly bytes: number;
  readonly tools: number;
}

/** One `tools/list` as a client sees it: until the last byte of the answer is there. */
async function list({ port, key }: Gateway): Promise<Listed> {
  const { head, body } = modernList({ port, ...(key === undefined ? {} : { key }) });
  const lines = head.trimEnd().split('\r\n').slice(1);
  const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
  const began = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
    method: 'POST',
    headers,
    body: body.replace('@ID@', '1'),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  const bytes = await response.arrayBuffer();
  const ms = performance.now() - began;
  const { result } = JSON.parse(Buffer.from(bytes).toString()) as { result?: { tools: readonly unknown[] } };
  return { ms, bytes: bytes.byteLength, tools: result?.tools.length ?? 0 };
}

export const listRecorded: Scenario = {
  name: 'list-recorded',
  title: 'tools/list, 2026-07-28, 2,054 tools of 46 published servers in one answer',
  inShort: true,
  async run(lab) {
    const { servers, origin } = recordedTools();
    const cleanup = createCleanup();
    try {
      const { entries } = await startListingServers(cleanup, servers);
      const gateways = await lab.startGateways({ servers: entries, limits: { pageItems: 100_000 } });
      const notes = [origin];
      for (const gateway of gateways) {
        // A first request of another kind, so that the first list does not pay for code never run before.
        await fetch(`http://127.0.0.1:${gateway.port}/health`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
        const first = await list(gateway);
        if (first.tools !== 2054) throw new Error(`${gateway.name} lists ${first.tools} tools instead of 2,054`);
        const again: number[] = [];
        for (let i = 0; i < LISTS; i++) again.push((await list(gateway)).ms);
        notes.push(
          `${gateway.name}: first list after the start ${first.ms.toFixed(0)} ms, then ${median(again).toFixed(1)} ms ` +
            `(median of ${LISTS}), ${(first.bytes / 1e6).toFixed(2)} MB each, whole answer read`,
        );
      }
      return { notes };
    } finally {
      await cleanup.run();
    }
  },
};
