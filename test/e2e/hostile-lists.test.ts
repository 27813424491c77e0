/** Servers that are hostile when they introduce themselves or list their tools: what is sound of it is offered, and others serve. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { startHostileHttp } from '../support/hostile/http-server.ts';
import { startNeighbour } from '../support/hostile/neighbour.ts';
import type { Message } from '../support/hostile/turn.ts';
import { listToolNames } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_hostilelists_0123456789abcdef';

const tool = (name: unknown, more: object = {}): object => ({ name, inputSchema: { type: 'object' }, ...more });
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
};
const hello = (result: object) => (message: Message) =>
  message.method === 'initialize'
    ? { id: message.id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, ...result } }
    : undefined;
const lists = (list: (cursor: string | undefined) => object) => (message: Message) =>
  message.method === 'tools/list' ? { id: message.id, ...list(message.params?.cursor) } : undefined;
const listsOnce = (...tools: unknown[]) => lists(() => ({ result: { tools } }));

interface Row {
  readonly answer: (message: Message) => object | 'done' | undefined;
  /** Own names of the tools it has in the end; undefined: it never gets as far as a list. */
  readonly tools: readonly string[] | undefined;
}

/** By server id; each has the tool `echo` unless it says otherwise. */
const ROWS: { readonly [id: string]: Row } = {
  'unknown-version': { answer: hello({ protocolVersion: '1999-01-01' }), tools: undefined },
  'version-number': { answer: hello({ protocolVersion: 5 }), tools: undefined },
  'no-version': { answer: hello({ protocolVersion: undefined }), tools: undefined },
  'no-capabilities': { answer: hello({ capabilities: null }), tools: [] },
  'listed-capabilities': { answer: hello({ capabilities: ['tools'] }), tools: [] },
  'deep-capabilities': {
    answer: hello({ capabilities: { tools: {}, experimental: { x: nested(1200) } } }),
    tools: undefined,
  },
  'odd-identity': { answer: hello({ serverInfo: 'me', instructions: 7 }), tools: ['echo'] },
  'long-instructions': { answer: hello({ instructions: 'i'.repeat(500_000) }), tools: ['echo'] },
  'same-names': { answer: listsOnce(tool('a'), tool('a', { description: 'the other' }), tool('b')), tools: ['a', 'b'] },
  'odd-names': {
    answer: listsOnce(tool(''), tool(5), tool(null), tool('a\u0000b'), tool('a\nb'), 'x', null, tool('c')),
    tools: ['c'],
  },
  'own-names': {
    answer: listsOnce(tool('constructor'), tool('toString'), tool('valueOf')),
    tools: ['constructor', 'toString', 'valueOf'],
  },
  'odd-schemas': {
    answer: listsOnce({ name: 'a' }, tool('b', { inputSchema: 'x' }), tool('c', { annotations: 5, _meta: [] })),
    tools: ['c'],
  },
  'long-text': { answer: listsOnce(tool('a', { description: 'd'.repeat(1_000_000) })), tools: ['a'] },
  'deep-schema': {
    answer: listsOnce(tool('a', { inputSchema: { type: 'object', x: nested(1200) } })),
    tools: undefined,
  },
  'no-list': { answer: lists(() => ({ result: { tools: 'none' } })), tools: undefined },
  'list-error': { answer: lists(() => ({ error: { code: -32603, message: 'no' } })), tools: undefined },
  'same-cursor': { answer: lists(() => ({ result: { tools: [tool('a')], nextCursor: 'again' } })), tools: ['a'] },
  'endless-pages': {
    answer: lists((cursor = '0') => ({ result: { tools: [], nextCursor: String(Number(cursor) + 1) } })),
    tools: [],
  },
  'endless-megabytes': {
    answer: lists((cursor = '0') => ({
      result: { tools: [tool('a', { description: 'd'.repeat(3_000_000) })], nextCursor: String(Number(cursor) + 1) },
    })),
    tools: ['a'],
  },
};

test('servers that introduce themselves or list badly cost nobody else anything', { timeout: 120_000 }, async (t) => {
  const folder = await createTempDir(t);
  const servers: { [id: string]: object } = { good: witnessEntry(join(folder, 'good.jsonl')) };
  const options: { [id: string]: object } = {};
  const seen = new Map<string, ReadonlyMap<string, number>>();
  for (const [id, { answer }] of Object.entries(ROWS)) {
    const server = await startHostileHttp(t, { era: 'legacy', acts: { echo() {} }, bytes: {}, answer });
    servers[id] = { type: 'http', url: server.url };
    options[id] = { protocol: 'legacy' };
    seen.set(id, server.seen);
  }
  const gateway = await startGateway(t, {
    config: { mcpServers: servers, serverOptions: options, keys: [{ name: 'e2e', value: KEY, allow: ['*'] }] },
  });
  await gateway.healthy('good');
  const neighbour = startNeighbour(gateway, KEY);
  const settled = await waitFor(
    'all to be listed or given up',
    async () => {
      const states = await gateway.states();
      return !Object.values(states).includes('starting') && states;
    },
    60_000,
  );
  const names = await listToolNames(gateway, KEY);
  for (const [id, { tools }] of Object.entries(ROWS)) {
    const prefix = `${id}__`;
    const own = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    assert.deepEqual(own.sort(), [...(tools ?? [])].sort(), id);
    assert.equal(settled[id] === 'healthy', tools !== undefined, `${id} is ${settled[id]}`);
  }
  assert.ok((seen.get('endless-pages')?.get('tools/list') ?? 0) <= 1001);
  assert.ok((seen.get('endless-megabytes')?.get('tools/list') ?? 0) <= 13, 'a list is cut by its size');
  await neighbour.check();
  await neighbour.stop();
  assert.equal(await gateway.stop(), 0);
});
