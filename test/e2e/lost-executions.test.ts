/** What was being carried out when its process was killed: the gateway that comes after it says so, and leaves the others' alone. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/platform/stores/postgres/open-database.ts';
import { createSuggestionStore } from '../../src/platform/stores/postgres/suggestions.ts';
import { openSuggestionStore } from '../../src/platform/stores/sqlite/suggestions.ts';
import { ROOT, startGateway } from '../support/gateway.ts';
import { usePostgres } from '../support/postgres.ts';
import { startProcess } from '../support/start-process.ts';
import { suggestion } from '../support/suggestion-store-suite.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { witnessEntry } from '../support/witness.ts';

const { skip, server } = usePostgres();

const CLAIM = 'testing/claim-suggestion.ts';

test('a gateway that starts gives up what was taken in its data folder and never ended', {
  timeout: 60_000,
}, async (t) => {
  const dataDir = await createTempDir(t);
  const store = openSuggestionStore({ dataDir, now: Date.now });
  t.after(() => store[Symbol.asyncDispose]());
  store.add(['a', 'b'].map((name) => suggestion(`sug_${name}`, { expiresAtMs: Date.now() + 600_000 })));
  const script = join(ROOT, 'src/platform/stores/sqlite', CLAIM);
  const taker = await startProcess(t, { command: process.execPath, args: [script, dataDir, 'sug_a', 'exec-a'] });
  await taker.kill9();
  assert.equal((await store.find('sug_a'))?.state, 'running');

  const gateway = await startGateway(t, {
    config: { mcpServers: { w: witnessEntry(join(dataDir, 'w.jsonl')) } },
    dataDir,
  });
  const states = [(await store.find('sug_a'))?.state, (await store.find('sug_b'))?.state];
  assert.deepEqual(states, ['unknown', 'open']);
  assert.match(gateway.stderr(), /how they ended is not known/);
});

test('beside other replicas a gateway leaves what they carry out to them', { skip, timeout: 60_000 }, async (t) => {
  const folder = await createTempDir(t);
  const url = await server.newDatabase();
  const config = { mcpServers: { w: witnessEntry(join(folder, 'w.jsonl')) }, database: { url } };
  await startGateway(t, { config, dataDir: join(folder, 'a') });
  const database = await openDatabase({ url, schema: 'portcullis', poolSize: 2 }, { warn: () => undefined });
  t.after(() => database[Symbol.asyncDispose]());
  const store = createSuggestionStore(database, { now: Date.now });
  t.after(() => store[Symbol.asyncDispose]());
  await store.add([suggestion('sug_a', { expiresAtMs: Date.now() + 600_000 })]);
  assert.equal((await store.claim('sug_a', 'exec-a', Date.now())).type, 'claimed');
  await startGateway(t, { config, dataDir: join(folder, 'b') });
  assert.equal((await store.find('sug_a'))?.state, 'running');
  await store.finish('sug_a', 'exec-a', { state: 'done', sealedResult: 'answer' }, Date.now());
  assert.equal((await store.find('sug_a'))?.state, 'done');
});
