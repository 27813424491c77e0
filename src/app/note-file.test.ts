// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryObjects } from '../../test/support/memory-objects.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { RecordSealer } from '../contracts/sealing.ts';
import { parseJsonc } from '../lib/jsonc.ts';
import { fileObjects } from '../platform/config/stored/file-objects.ts';
import { createSealer } from '../platform/sealing/create-sealer.ts';
import { createSealKey, keysOf } from '../platform/sealing/seal-key.ts';
import { noteFile } from './note-file.ts';

function sealerOf(byte: number, refusal?: string): RecordSealer {
  return { ...createSealer(keysOf(createSealKey(Buffer.alloc(32, byte)), [])), refusal: () => refusal };
}

const noteOn = (store: ObjectStore, sealer = sealerOf(1)) => {
  let nowMs = 0;
  return (file: object): Promise<void> =>
    noteFile({ store, sealer, file: '/etc/portcullis.json', now: () => ++nowMs }, ofFile(file));
};
const ofFile = (file: object) => fileObjects(parseJsonc(JSON.stringify(file)));

/** `create server github`, oldest first. */
const linesOf = async (store: ObjectStore): Promise<string[]> =>
  (await store.changes({ limit: 100 })).map(({ action, kind, name }) => `${action} ${kind} ${name}`).reverse();

test('an edit leaves a line for each object that is another one now, with before and after', async () => {
  const store = createMemoryObjects();
  const note = noteOn(store);
  const github = { url: 'https://github.test/mcp' };
  const file = {
    mcpServers: { github, files: { command: 'files' } },
    serverOptions: { github: { timeoutMs: 1_000 } },
    toolsets: { triage: { tools: ['github/get'] } },
    teams: { research: { bounds: { allow: ['github'] } } },
    models: { aliases: { fast: 'openai/x' }, routes: [{ name: 'r', models: ['*'] }] },
    listen: { port: 1 },
  };
  await note(file);
  assert.deepEqual((await linesOf(store)).toSorted(), [
    ...['create alias fast', 'create route r', 'create server files', 'create server github', 'create team research'],
    'create toolset triage',
  ]);
  const { seq } = await store.notedFile();
  await note({ ...file, listen: { port: 2 } });
  assert.equal((await store.notedFile()).seq, seq, 'nothing was written');

  const { files: _, ...mcpServers } = { ...file.mcpServers, web: { url: 'https://web.test' } };
  await note({ ...file, mcpServers, serverOptions: { github: { timeoutMs: 2_000 } } });
  const news = (await store.changes({ limit: 3 })).map(({ seq: _seq, atMs: _atMs, ...line }) => line);
  const by = { actor: { type: 'operator', id: 'file', name: '/etc/portcullis.json' }, via: 'file' };
  assert.deepEqual(
    news.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    [
      ...[
        {
          ...by,
          action: 'delete',
          kind: 'server',
          id: 'files',
          name: 'files',
          before: { command: 'files' },
          after: undefined,
        },
      ],
      {
        ...{ ...by, action: 'update', kind: 'server', id: 'github', name: 'github' },
        before: { ...github, options: { timeoutMs: 1_000 } },
        after: { ...github, options: { timeoutMs: 2_000 } },
      },
      {
        ...{ ...by, action: 'create', kind: 'server', id: 'web', name: 'web', before: undefined },
        after: { url: 'https://web.test' },
      },
    ],
  );
});

test('nothing that may be a secret is in the record or in what is noted; another one is told as such', async () => {
  const store = createMemoryObjects();
  const note = noteOn(store);
  const file = (secret: string) => ({
    mcpServers: {
      web: {
        url: `https://ada:${secret}@web.test/mcp?token=${secret}&page=${'${env:PAGE}'}`,
        headers: { 'X-Api': secret },
      },
      local: {
        command: 'x',
        args: ['--api-key', secret, `--token=${secret}`, '--verbose', 'plain'],
        env: { A: secret },
      },
    },
    providers: { openai: { apiKey: secret }, other: { keys: [{ name: 'k', value: secret }] } },
    webhooks: { hook: { url: 'https://hook.test', secret } },
    keys: [
      { name: 'ci', value: secret, allow: ['*'] },
      { name: 'safe', value: '${env:KEY}', allow: ['*'] },
    ],
  });
  await note(file('first-secret'));
  const shown = (await store.changes({ limit: 20, kind: 'server', id: 'local' }))[0]?.after;
  assert.deepEqual(shown?.args, ['--api-key', '[hidden]', '--token=[hidden]', '--verbose', 'plain']);
  const web = (await store.changes({ limit: 20, kind: 'server', id: 'web' }))[0]?.after;
  assert.equal(web?.url, 'https://[hidden]@web.test/mcp?token=[hidden]&page=${env:PAGE}');
  const lines = (await store.changes({ limit: 20 })).length;
  await note(file('second-secret'));
  assert.deepEqual((await linesOf(store)).slice(lines).toSorted(), [
    'change-secret key ci',
    'change-secret provider openai',
    'change-secret provider other',
    'change-secret server local',
    'change-secret server web',
    'change-secret webhook hook',
  ]);
  await note(file('second-secret'));
  assert.equal((await store.changes({ limit: 100 })).length, lines + 6);
  const everything = JSON.stringify([await store.changes({ limit: 100 }), await store.notedFile()]);
  assert.doesNotMatch(everything, /first-secret|second-secret/);
  for (const { fingerprint } of ofFile(file('second-secret')))
    assert.ok(fingerprint === undefined || !everything.includes(fingerprint), 'a hash can be guessed at');
});

test('gateways that share a store and a file write each line once', async () => {
  const store = createMemoryObjects();
  const gateways = Array.from({ length: 3 }, () => noteOn(store));
  for (const port of [1, 2]) {
    const file = { mcpServers: { a: { url: `http://127.0.0.1:${port}` }, b: { url: 'http://127.0.0.1:9' } } };
    await Promise.all(gateways.map((note) => note(file)));
  }
  assert.deepEqual(await linesOf(store), ['create server a', 'create server b', 'update server a']);
});

test('where nothing may be sealed no fingerprint is kept; with a key that is lost secrets are noted anew', async () => {
  const store = createMemoryObjects();
  const file = (apiKey: string) => ({ providers: { openai: { apiKey } } });
  await noteOn(store, sealerOf(1, 'there is no master key'))(file('a'));
  assert.equal((await store.notedFile()).objects[0]?.sealed, undefined);
  await noteOn(store, sealerOf(1))(file('a'));
  await noteOn(store, sealerOf(2))(file('b'));
  assert.deepEqual(await linesOf(store), ['create provider openai'], 'nobody can tell');
  await noteOn(store, sealerOf(2))(file('c'));
  assert.deepEqual(await linesOf(store), ['create provider openai', 'change-secret provider openai']);
});
