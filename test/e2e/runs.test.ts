/** Runs and conversations as people see them: the same at the command line and in the admin API of a gateway that runs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRunStore } from '../../src/platform/stores/sqlite/runs.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { agentRun } from '../support/run-store-suite.ts';
import { createTempDir } from '../support/temp-dir.ts';

test('a conversation and a run are shown, and a run is cancelled, at the command line and by the admin API', {
  timeout: 120_000,
}, async (t) => {
  const openai = await startOpenAiMock();
  t.after(() => openai[Symbol.asyncDispose]());
  const { servers } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { everything: servers.everything },
      providers: { openai: { type: 'openai', baseUrl: `${openai.origin}/v1`, apiKey: 'sk-upstream-secret' } },
      models: { toolMode: 'classic' },
    },
  });
  await gateway.healthy();
  const where = ['--data', gateway.dataDir, '--config', gateway.configFile];
  const cli = (...args: string[]) => runCli(...args, ...where);
  const token = (await cli('admin-tokens', 'create', '--name', 'setup', '--role', 'owner')).trim();
  const ask = async (method: string, path: string) => {
    const answer = await fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };

  const said = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-portcullis-key': gateway.key, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'openai/gpt-5.2',
      messages: [{ role: 'user', content: '!call everything__echo {"message":"only-in-arguments"}' }],
    }),
  });
  assert.equal(said.status, 200, await said.text());
  const id = said.headers.get('x-portcullis-run') ?? '';
  const { status, body } = await ask('GET', `/runs/${id}/timeline`);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(
    body.entries.map(({ type }: { type: string }) => type),
    ['round', 'suggested'],
  );
  assert.deepEqual([body.run, body.rounds, body.entries[1].name], [undefined, 1, 'everything__echo']);
  assert.deepEqual(JSON.parse(await cli('runs', 'show', id, '--json')), body);
  const shown = await cli('runs', 'show', id);
  assert.match(
    shown,
    /conversation [\s\S]*round 1 {2}openai\/gpt-5\.2 [\s\S]*suggested everything__echo {2}rules: allow/,
  );
  assert.doesNotMatch(JSON.stringify(body) + shown, /only-in-arguments/);
  assert.equal((await ask('GET', `/runs/${id}`)).status, 404, 'a conversation is no run');

  // Another process drives one, and one waits for its caller.
  const runs = openRunStore({ dataDir: gateway.dataDir });
  t.after(() => runs[Symbol.asyncDispose]());
  const times = { startedAtMs: Date.now(), leaseUntilMs: Date.now() + 600_000, expiresAtMs: Date.now() + 600_000 };
  await runs.add(agentRun('run-a', times));
  await runs.add(agentRun('run-b', { ...times, state: 'waiting', pending: ['tc'], sealedState: 'sealed' }));
  const page = await ask('GET', '/runs');
  assert.equal(page.status, 200, JSON.stringify(page.body));
  const listed = page.body.items as { id: string; state: string }[];
  assert.deepEqual(listed.map((run) => run.id).sort(), ['run-a', 'run-b']);
  assert.deepEqual(
    (JSON.parse(await cli('runs', 'list', '--state', 'waiting', '--json')) as object[]).length,
    1,
    'filtered by its state',
  );
  const heard = new Promise<string>((resolve) => {
    t.after(runs.onChange(resolve));
  });
  assert.match(await cli('runs', 'cancel', 'run-a'), /run-a is cancelled/);
  assert.equal(await heard, 'run-a');
  assert.equal((await runs.find('run-a'))?.cancelRequested, true);
  const cancelled = await ask('POST', '/runs/run-b/cancel');
  assert.deepEqual([cancelled.status, cancelled.body.state], [200, 'cancelled'], JSON.stringify(cancelled.body));
  assert.equal((await ask('POST', '/runs/run-c/cancel')).status, 404);
  await assert.rejects(cli('runs', 'show', 'run-c'), ({ stderr }: { stderr: string }) =>
    /nothing is known/.test(stderr),
  );
  const noted = (await ask('GET', '/trail?kind=run.cancelled')).body.items as { runId: string; arguments: string }[];
  assert.deepEqual(noted.map((row) => row.runId).sort(), ['run-a', 'run-b']);
  assert.match(noted.map((row) => row.arguments).join(), /"via":"cli"/);
  assert.match(noted.map((row) => row.arguments).join(), /"name":"setup"/);
});
