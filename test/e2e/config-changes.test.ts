/** portcullis.json edited while the gateway is in use: good edits take force without a failed call, bad ones do not. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { isOk, startLoad } from '../support/load.ts';
import { callTool, listToolNames } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_config_0123456789abcdef';

const keys = (...allow: string[]): object[] => [{ name: 'e2e', value: KEY, allow }];

test('the configuration changed again and again under load: no call fails, and each change is in force', {
  timeout: 120_000,
}, async (t) => {
  const folder = await createTempDir(t);
  const steady = witnessEntry(join(folder, 'steady.jsonl'));
  const extra = witnessEntry(join(folder, 'extra.jsonl'));
  const gateway = await startGateway(t, { config: { mcpServers: { steady }, keys: keys('steady') } });
  await gateway.healthy('steady');
  const load = startLoad(t, gateway, KEY, ['steady__work', 'steady__peek'], 4);
  const steadyNames = ['steady__peek', 'steady__work'];
  const names = async (): Promise<string[]> => (await listToolNames(gateway, KEY)).sort();
  const untilNames = (expected: string[]): Promise<unknown> =>
    waitFor(`the tools to be ${expected.join(', ')}`, async () => (await names()).join() === expected.join(), 30_000);

  for (let round = 0; round < 3; round++) {
    await gateway.writeConfig({ mcpServers: { steady, extra }, keys: keys('steady', 'extra/work') });
    await untilNames(['extra__work', ...steadyNames]);
    assert.ok(isOk(await callTool(gateway, KEY, 'extra__work', { nonce: randomUUID() })));

    await gateway.writeConfig({ mcpServers: { steady, extra }, keys: keys('steady', 'extra/peek') });
    await untilNames(['extra__peek', ...steadyNames]);
    const hidden = await callTool(gateway, KEY, 'extra__work', { nonce: randomUUID() });
    assert.equal(hidden.error?.code, -32602, 'no longer allowed');

    await gateway.writeConfig({ mcpServers: { steady }, keys: keys('steady') });
    await untilNames(steadyNames);
  }
  await load.stop();
  const failed = [...load.answers.values()].filter((answer) => !isOk(answer));
  t.diagnostic(`${load.answers.size} calls while the configuration changed nine times`);
  assert.deepEqual(failed, []);
  assert.ok(load.answers.size > 20, 'the load did something');
  const pids = readWitness(join(folder, 'steady.jsonl')).filter(({ event }) => event === 'start');
  assert.equal(pids.length, 1, 'the unchanged server was never restarted');
});

test('a server taken out of the configuration finishes the call it is working on', { timeout: 60_000 }, async (t) => {
  const folder = await createTempDir(t);
  const log = join(folder, 'witness.jsonl');
  const other = witnessEntry(join(folder, 'other.jsonl'));
  const gateway = await startGateway(t, {
    config: { mcpServers: { w: witnessEntry(log), other }, keys: keys('*') },
  });
  await gateway.healthy('w', 'other');
  const nonce = randomUUID();
  const pending = callTool(gateway, KEY, 'w__work', { nonce, sleepMs: 2000 });
  await waitFor('the call to begin', () => readWitness(log).some((entry) => entry.nonce === nonce));
  await gateway.writeConfig({ mcpServers: { other }, keys: keys('*') });
  await waitFor('the server to be out', async () => !(await listToolNames(gateway, KEY)).includes('w__work'));
  assert.ok(isOk(await pending), 'the call under way was answered');
  assert.ok(!isOk(await callTool(gateway, KEY, 'w__work', { nonce: randomUUID() })), 'and no other is taken');
});

test('a bad edit of the configuration leaves the old one running and says so', { timeout: 60_000 }, async (t) => {
  const folder = await createTempDir(t);
  const w = witnessEntry(join(folder, 'witness.jsonl'));
  const good = { mcpServers: { w }, keys: keys('*') };
  const gateway = await startGateway(t, { config: good });
  await gateway.healthy('w');
  const load = startLoad(t, gateway, KEY, ['w__work'], 2);
  const bad = [
    { text: '{ "mcpServers": {', says: /not applied/ },
    { text: JSON.stringify({ ...good, mcpServer: {} }), says: /mcpServer/ },
    { text: JSON.stringify({ ...good, keys: [{ name: 'e2e', value: KEY, alow: ['*'] }] }), says: /alow/ },
  ];
  for (const { text, says } of bad) {
    const seen = gateway.stderr().length;
    await gateway.writeConfig(text);
    await waitFor('a word about the bad edit on stderr', () => says.test(gateway.stderr().slice(seen)));
    assert.ok(isOk(await callTool(gateway, KEY, 'w__work', { nonce: randomUUID() })));
  }
  await load.stop();
  assert.deepEqual(
    [...load.answers.values()].filter((answer) => !isOk(answer)),
    [],
  );
  assert.doesNotMatch(gateway.stderr(), new RegExp(KEY), 'no secret in the log');
  await gateway.writeConfig({ mcpServers: { w }, keys: keys('w/peek') });
  await waitFor(
    'a good edit to be applied afterwards',
    async () => (await listToolNames(gateway, KEY)).join() === 'w__peek',
  );
});
