import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { waitFor } from '../../test/support/wait-for.ts';
import type { ChangeOrigin } from '../contracts/objects.ts';
import { UserShape } from '../contracts/shapes/directory.ts';
import { parseConfig } from '../platform/config/parse-config.ts';
import { openObjectStore } from '../platform/stores/sqlite/objects.ts';
import { type App, assemble } from './assemble.ts';

const BY: ChangeOrigin = { actor: { type: 'operator', id: 'root', name: 'root' }, via: 'cli' };
// Switched off: what is asked is which there are, not whether they answer.
const server = (port: number) => ({ url: `http://127.0.0.1:${port}/mcp`, enabled: false });

function setUp(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'portcullis-stored-'));
  let file: object = { mcpServers: { first: server(1) } };
  const lines: string[] = [];
  const waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];
  const note = (message: string): void => {
    lines.push(message);
    for (const each of waiting) if (each.test()) each.resolve();
  };
  const until = (what: () => boolean): Promise<void> =>
    new Promise((resolve) => (what() ? resolve() : void waiting.push({ test: what, resolve })));
  const start = async (): Promise<App> => {
    const loadFile: Parameters<typeof assemble>[0]['loadFile'] = async (extend) =>
      parseConfig(JSON.stringify(file), { file: join(dataDir, 'portcullis.json'), env: {}, extend });
    const result = await loadFile();
    assert.ok(result.ok, JSON.stringify(result));
    return assemble({
      ...{ config: result.config, dataDir, environment: {}, inProcess: new Map(), loadFile },
      identity: { name: 'portcullis', version: '0.0.0' },
      log: { debug: note, info: note, warn: note, error: note },
    });
  };
  // The directory goes after what is in it: hooks run in the order they were made.
  const running: App[] = [];
  // Nothing listens here, and a gateway that only looks for changes keeps no process alive.
  const holding = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(holding));
  t.after(async () => {
    for (const app of running) await app[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    ...{ dataDir, lines, until },
    start: async () => {
      const app = await start();
      running.push(app);
      return app;
    },
    stop: async (app: App) => {
      running.splice(running.indexOf(app), 1);
      await app[Symbol.asyncDispose]();
    },
    edit: (next: object) => {
      file = next;
    },
  };
}

const idsOf = (app: App): string =>
  app.gateway
    .config()
    .servers.map(({ id }) => id)
    .join(' ');

test('a server that another process stores is in force at once, also after a restart; one that is removed is gone', async (t) => {
  const { dataDir, start, stop, until } = setUp(t);
  let app = await start();
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  await store.write([{ action: 'create', kind: 'server', id: 'second', name: 'second', body: server(2) }], BY, 1);
  await until(() => idsOf(app) === 'first second');
  await stop(app);
  app = await start();
  assert.equal(idsOf(app), 'first second');
  await store.write([{ action: 'delete', kind: 'server', id: 'second', ifVersion: 1 }], BY, 2);
  await until(() => idsOf(app) === 'first');
});

test('an edit of the file keeps what is stored, and what it breaks is left out with a line in the log', async (t) => {
  const { start, edit, until, lines } = setUp(t);
  const app = await start();
  assert.ok(app.configObjects !== undefined);
  const result = await app.configObjects.write(
    [
      { action: 'create', kind: 'server', name: 'second', body: server(2) },
      { action: 'create', kind: 'toolset', name: 'both', body: { tools: ['first/a', 'second/b'] } },
    ],
    BY,
  );
  assert.ok(result.ok, JSON.stringify(result));
  await until(() => idsOf(app) === 'first second' && app.gateway.config().toolsets?.length === 1);
  edit({ mcpServers: { third: server(3) } });
  app.reload();
  await until(() => idsOf(app) === 'third second');
  assert.deepEqual(app.gateway.config().toolsets, []);
  assert.equal(lines.filter((line) => line.includes('toolset both') && line.includes('toolsets.both')).length, 1);
});

test('edits of the file are on record: those of a running gateway, and those made while none ran', async (t) => {
  const { dataDir, start, stop, edit, until, lines } = setUp(t);
  let app = await start();
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const record = async () =>
    (await store.changes({ limit: 20 })).map(({ action, name, via }) => `${action} ${name} ${via}`).reverse();
  assert.deepEqual(await record(), ['create first file']);
  edit({ mcpServers: { first: server(2) } });
  app.reload();
  await until(() => lines.includes('configuration applied'));
  assert.deepEqual(await record(), ['create first file', 'update first file']);
  edit({ mcpServers: 7 });
  app.reload();
  await until(() => lines.some((line) => line.includes('was not applied')));
  await stop(app);
  edit({ mcpServers: { second: server(2) } });
  app = await start();
  assert.deepEqual((await record()).slice(2), ['create second file', 'delete first file']);
  await stop(app);
  await start();
  assert.equal((await record()).length, 4);
});

test('a key of the file that is a user’s works while they are there, and is told of while they are not', async (t) => {
  const { dataDir, start, edit, lines } = setUp(t);
  const token = '0123456789abcdef-key';
  edit({ mcpServers: { first: server(1) }, keys: [{ name: 'laptop', value: token, allow: ['*'], user: 'Ada' }] });
  const app = await start();
  assert.ok(lines.some((line) => line.startsWith('a key of the file can be used by nobody')));
  const caller = () => {
    try {
      return app.gateway.identify({ source: 'authorization', token });
    } catch {
      return undefined;
    }
  };
  assert.equal(caller(), undefined);
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const user = (body: object) => ({ kind: 'user', id: 'user_1', name: 'ada', body: UserShape.parse(body) }) as const;
  await store.write([{ action: 'create', ...user({ name: 'ada', labels: { customer: 'acme' } }) }], BY, 1);
  await waitFor('the key of a user', () => caller() !== undefined);
  const { keyId, levels, labels } = caller() ?? {};
  assert.deepEqual([keyId, levels?.map(({ id }) => id), labels], ['config:laptop', ['user_1'], { customer: 'acme' }]);
  await store.write([{ action: 'update', ...user({ name: 'ada', isActive: false }), ifVersion: 1 }], BY, 2);
  await waitFor('the key of nobody', () => caller() === undefined);
});

test('a program that was written into the store by hand is not started, and said', async (t) => {
  const { dataDir, start, lines } = setUp(t);
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const body = { command: 'touch', args: [join(dataDir, 'started')] };
  await store.write([{ action: 'create', kind: 'server', id: 'evil', name: 'evil', body }], BY, 1);
  const app = await start();
  assert.equal(idsOf(app), 'first');
  assert.ok(lines.some((line) => line.includes('server evil') && line.includes('not allowed')));
});
