// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** What only a whole gateway can get wrong at the admin API: that its parts tell of one and the same thing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAdminGateway } from '../support/admin-gateway.ts';
import { runCli } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

test('a key of the file is shown with its team, organisation and labels, is found by its team, and its limits are told', async (t) => {
  const { ask } = await startAdminGateway(t);
  const { body: key } = await ask('GET', '/keys/config:ci');
  assert.deepEqual(
    [key.owner, key.team, key.labels],
    ['file', 'config:team:research', { customer: 'acme', app: 'ci' }],
    JSON.stringify(key),
  );
  const found = (await ask('GET', '/keys?team=config:team:research')).body.items;
  assert.deepEqual(
    found.map(({ id }: { id: string }) => id),
    ['config:ci'],
  );
  const { status, body } = await ask('GET', '/keys/config:ci/limits');
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(
    body.items.map(({ level, what, max }: { level: { type: string }; what: string; max: number }) => [
      level.type,
      what,
      max,
    ]),
    [
      ['key', 'requests', 500],
      ['team', 'money', 5_000_000],
    ],
  );
});

test('what calls cost is told by the names and labels of the file, as by those that are stored', async (t) => {
  const { ask, callTool, dataDir } = await startAdminGateway(t);
  await callTool('github__echo', { message: 'x' });
  const sums = async (query: string) => (await ask('GET', `/spend?${query}`)).body.items;
  await waitFor('the call to count', async () => (await sums('by=key')).length > 0);
  const named = async (query: string): Promise<readonly unknown[]> =>
    (await sums(query)).map(({ id, name }: { id?: string; name?: string }) => [id, name]);
  assert.deepEqual(await named('by=team'), [['config:team:research', 'research']]);
  assert.deepEqual(await named('by=organization'), [['config:organization:acme', 'acme']]);
  for (const [label, value] of [
    ['app', 'ci'],
    ['customer', 'acme'],
  ])
    assert.deepEqual(
      (await named(`by=label&label=${label}`)).map((each) => (each as unknown[])[1]),
      [value],
    );
  assert.match(
    await runCli('audit', 'costs', '--by', 'team', '--data', dataDir),
    /^research\s.*\sconfig:team:research$/m,
  );
});

test('what is wrong with a part of the configuration is told with a pointer into the body, and what to do', async (t) => {
  const { ask } = await startAdminGateway(t);
  const faultsOf = async (plural: string, body: object, name = 'part'): Promise<readonly string[]> => {
    const answer = await ask('POST', `/${plural}`, { body: { name, body } });
    assert.equal(answer.status, 400, answer.text);
    return answer.body.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => `${pointer} ${detail}`);
  };
  assert.deepEqual(await faultsOf('servers', { url: 'http://x.test/mcp', options: { callTimeoutMs: 'x' } }), [
    '/body/options/callTimeoutMs expected a number, got a string',
  ]);
  assert.match((await faultsOf('servers', { command: 'sh' }))[0] ?? '', /^\/body\/command .*not allowed here; /);
  assert.match((await faultsOf('servers', { url: 'x' }, 'a.b/c'))[0] ?? '', /^\/body\/url /);
  assert.match((await faultsOf('aliases', { targets: ['nobody/m'] }))[0] ?? '', /^\/body\/targets\/0 /);
  assert.match((await faultsOf('routes', { when: 'model ==', targets: ['p/m'] }))[0] ?? '', /^\/body\/when /);
  assert.match((await faultsOf('policy-rules', { action: 'maybe' }))[0] ?? '', /^\/body\/action /);
  assert.match((await faultsOf('webhooks', { url: 'https://x.test', secret: 'short' }))[0] ?? '', /^\/body\/secret /);
  assert.match(
    (await faultsOf('providers', { type: 'openai', apiKey: '${env:OTHER}' }))[0] ?? '',
    /^\/body\/apiKey .*admin\.references/,
  );
  await ask('POST', '/servers', { body: { name: 'tools', body: { url: 'http://127.0.0.1:1/mcp' } } });
  await ask('POST', '/toolsets', { body: { name: 'of-tools', body: { tools: ['tools/x'] } } });
  const needed = await ask('DELETE', '/servers/tools', { headers: { 'if-match': '*' } });
  assert.match(needed.text, /toolsets.*of-tools/, needed.text);
});
