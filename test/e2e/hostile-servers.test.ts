/**
 * Hostile servers, a row for each misdeed, over stdio and HTTP and in both eras: the caller gets the documented error (or the
 * answer, where there is one), the server serves on, and a second client notices nothing.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, type StartedGateway, startGateway } from '../support/gateway.ts';
import { textOf } from '../support/good-server.ts';
import { createByteActs } from '../support/hostile/byte-acts.ts';
import { type HostileHttp, startHostileHttp } from '../support/hostile/http-server.ts';
import * as messageActs from '../support/hostile/message-acts.ts';
import { type Neighbour, startNeighbour } from '../support/hostile/neighbour.ts';
import { residentBytes } from '../support/hostile/resident-bytes.ts';
import {
  BYTE_ROWS,
  CODES,
  type Expected,
  MESSAGE_ROWS,
  PROCESS_ROWS,
  type Row,
} from '../support/hostile/server-rows.ts';
import type { Era } from '../support/hostile/turn.ts';
import { callTool, type RawAnswer } from '../support/raw-client.ts';
import { stdioEntry } from '../support/real-servers.ts';
import { descendantsOf, isAlive } from '../support/start-process.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_hostileservers_0123456789abcdef';
const CALL_TIMEOUT_MS = 1000;
/** What the gateway may hold beyond what it held at the start; the misdeeds together pour out far more. */
const MAX_GROWTH_BYTES = 400 * 1024 * 1024;

describe('hostile servers', { timeout: 300_000 }, () => {
  const cleanup = createCleanup();
  const web = new Map<Era, HostileHttp>();
  let gateway: StartedGateway;
  let neighbour: Neighbour;
  let bytesAtStart = 0;
  let redirected = 0;

  before(async () => {
    const folder = await createTempDir(cleanup);
    const elsewhere = await startHostileHttp(cleanup, {
      ...{ era: 'legacy', acts: {}, bytes: {} },
      answer: () => {
        redirected++;
        return undefined;
      },
    });
    const acts = Object.assign({}, ...Object.values(messageActs).filter((part) => typeof part === 'object'));
    for (const era of ['legacy', 'modern'] as const)
      web.set(era, await startHostileHttp(cleanup, { era, acts, bytes: createByteActs(() => elsewhere.url) }));
    const file = join(ROOT, 'test/support/hostile/stdio-server.ts');
    const own = PROCESS_ROWS.filter(({ ownServer }) => ownServer).map(({ act }) => `own-${act.replaceAll('_', '-')}`);
    const options = (protocol: Era) => ({ protocol, callTimeoutMs: CALL_TIMEOUT_MS });
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: {
          good: witnessEntry(join(folder, 'good.jsonl')),
          'stdio-legacy': stdioEntry(file),
          'stdio-modern': stdioEntry(file, ['--era', 'modern']),
          'http-legacy': { type: 'http', url: web.get('legacy')?.url },
          'http-modern': { type: 'http', url: web.get('modern')?.url },
          ...Object.fromEntries(own.map((id) => [id, stdioEntry(file)])),
        },
        serverOptions: {
          'stdio-legacy': options('legacy'),
          'stdio-modern': options('modern'),
          'http-legacy': options('legacy'),
          'http-modern': options('modern'),
          ...Object.fromEntries(own.map((id) => [id, options('legacy')])),
        },
        limits: { maxMessageBytes: messageActs.MAX_MESSAGE_BYTES },
        keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
      },
    });
    await gateway.healthy();
    neighbour = startNeighbour(gateway, KEY);
    await neighbour.check();
    bytesAtStart = residentBytes(gateway.pid);
  });
  after(async () => {
    await neighbour?.stop().catch(() => undefined);
    await cleanup.run();
  });

  const isAsExpected = (answer: RawAnswer, expected: Expected, text: string): boolean => {
    if (expected === 'answer') return answer.result !== undefined && String(textOf(answer)).includes(text);
    return (
      answer.error !== undefined && answer.error.code === (typeof expected === 'number' ? expected : CODES[expected])
    );
  };

  async function suffer(server: string, row: Row, expected: readonly Expected[]): Promise<void> {
    const text = randomUUID();
    const answer = await callTool(gateway, KEY, `${server}__${row.act}`, { text }, { timeoutMs: 15_000 });
    const said = JSON.stringify(answer).slice(0, 400);
    assert.ok(
      expected.some((one) => isAsExpected(answer, one, text)),
      `expected ${expected.join(' or ')}, got ${said}`,
    );
    assert.equal(answer.status, row.status ?? 200, said);
    assert.doesNotMatch(JSON.stringify(answer), /secret trace|poison|portcullis\.dev|for somebody else/);
    await neighbour.check();
    await waitFor(`${server} to serve again`, async () => {
      const again = randomUUID();
      return textOf(await callTool(gateway, KEY, `${server}__echo`, { text: again })) === again;
    });
  }

  for (const carrier of ['stdio', 'http'] as const)
    for (const era of ['legacy', 'modern'] as const) {
      const rows = [...MESSAGE_ROWS, ...(carrier === 'stdio' ? PROCESS_ROWS : BYTE_ROWS)];
      for (const row of rows.filter((one) => one.era === undefined || one.era === era)) {
        const expected = [row.expected[carrier] ?? row.expected.both ?? []].flat();
        test(`a ${era} server over ${carrier} that ${row.what}: ${expected.join(' or ')}`, () =>
          suffer(row.ownServer ? `own-${row.act.replaceAll('_', '-')}` : `${carrier}-${era}`, row, expected));
      }
    }

  test('answers to a flood of pings took few connections', () => {
    for (const { connections } of web.values()) assert.ok(connections.most < 100, `${connections.most} connections`);
  });

  test('redirects were not followed', () => assert.equal(redirected, 0));

  test('storms of list changes made for few listings', () => {
    for (const { seen } of web.values()) assert.ok((seen.get('tools/list') ?? 0) < 60, `${seen.get('tools/list')}`);
  });

  test('the gateway holds little more than before, and leaves no process behind', async (t) => {
    const grown = residentBytes(gateway.pid) - bytesAtStart;
    t.diagnostic(
      `grown by ${Math.round(grown / 1024 / 1024)} MiB, ${neighbour.served} ordinary calls served meanwhile`,
    );
    assert.ok(grown < MAX_GROWTH_BYTES, `grown by ${grown} bytes`);
    await neighbour.stop();
    const family = descendantsOf(gateway.pid);
    assert.ok(family.length >= 3, 'there were servers');

    assert.equal(await gateway.stop(), 0);
    assert.deepEqual(family.filter(isAlive), []);
  });
});
