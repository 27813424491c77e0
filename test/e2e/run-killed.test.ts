/** A gateway that is killed in the midst of a run: the run is lost and says so, and nothing of it is done again. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTrail, runCli, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_run_killed_0123456789abcdef';

test('a run whose process is killed while a tool works ends as lost, and its call is not made again', {
  timeout: 120_000,
}, async (t) => {
  const mock = await startOpenAiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const log = join(await createTempDir(t), 'witness.log');
  const config = {
    mcpServers: { desk: witnessEntry(log) },
    providers: { o: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream' } },
    models: { toolMode: 'classic' },
    keys: [{ name: 'helper', value: KEY, allow: ['*'], agent: { mode: 'on', auto: ['desk/*'] } }],
  };
  const first = await startGateway(t, { config });
  await first.healthy();
  const asking = fetch(`${first.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'o/gpt-5.2',
      messages: [{ role: 'user', content: '!call desk__work {"nonce":"slow","sleepMs":8000}' }],
    }),
  }).catch((error: unknown) => error);
  await waitFor('the tool to work', () => readWitness(log).some(({ nonce }) => nonce === 'slow'));
  await first.kill9();
  await asking;
  const second = await startGateway(t, { config, dataDir: first.dataDir });
  await second.healthy();
  const cli = (...args: string[]) => runCli('runs', ...args, '--data', first.dataDir, '--config', second.configFile);
  let runs: { id: string; state: string; end?: string }[] = [];
  await waitFor('the run to be given up', async () => {
    runs = JSON.parse(await cli('list', '--json'));
    return runs[0]?.state === 'failed';
  });
  assert.deepEqual(
    runs.map(({ end }) => end),
    ['lost'],
  );
  assert.match(await cli('show', runs[0]?.id ?? ''), /lost/);
  const rows = await readTrail(first.dataDir);
  assert.deepEqual(
    rows.filter(({ kind, target }) => kind === 'tools.call' && target === 'work').map(({ result }) => result),
    ['unknown'],
  );
  assert.ok(readWitness(log).filter(({ event, nonce }) => event === 'begun' && nonce === 'slow').length <= 1);
  assert.match(await runCli('audit', 'verify', '--data', first.dataDir), /The trail is what was written/);
});
