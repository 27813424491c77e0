/** What is no good as a standing approval is refused by the admin API and at the command line alike, and nothing is kept of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli, startGateway } from '../support/gateway.ts';

const GOOD = { name: 'docs', targets: ['files/read_*'], when: 'args.repo == "docs"' };

test('patterns, conditions and times that are no good are named by either way, and nothing is kept', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await startGateway(t, { config: {} });
  const cli = (...args: string[]) => runCli(...args, '--data', gateway.dataDir, '--config', gateway.configFile);
  const token = (await cli('admin-tokens', 'create', '--name', 'olga', '--role', 'operator')).trim();
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.url}/api/v1/standing-approvals${path}`, {
      ...{ method, headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  const soon = Date.now() + 3_600_000;
  const yearsAway = Date.now() + 400 * 86_400_000;

  const bad: readonly [change: object, pointer: string, options: readonly string[], said: RegExp][] = [
    [{ targets: ['files/*', 'files/'] }, '/targets/1', ['--tool', 'files/*', 'files/'], /names nothing after/],
    [{ when: 'args.' }, '/when', ['--tool', 'files/*', '--when', 'args.'], /character \d+/],
    [{ expiresAtMs: yearsAway }, '/expiresAtMs', ['--tool', 'files/*', '--for', '400d'], /more than a year away/],
  ];
  for (const [change, pointer, options, said] of bad) {
    const refused = await ask('POST', '', { ...GOOD, expiresAtMs: soon, ...change });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    const [error, ...more] = refused.body.errors;
    assert.deepEqual([error.in, error.pointer, more], ['body', pointer, []]);
    assert.match(error.detail, said);
    const span = options.includes('--for') ? [] : ['--for', '1h'];
    await assert.rejects(cli('approvals', 'standing', 'add', '--name', 'x', ...options, ...span), said);
  }
  const late = await ask('POST', '', { ...GOOD, expiresAtMs: 1 });
  assert.deepEqual([late.status, late.body.errors[0].pointer], [400, '/expiresAtMs'], JSON.stringify(late.body));
  const nobodys = await ask('POST', '', { ...GOOD, key: 'key_none', targets: ['files/'], expiresAtMs: soon });
  assert.deepEqual(
    nobodys.body.errors.map(({ pointer }: { pointer: string }) => pointer),
    ['/targets/0', '/key'],
    'all that is wrong at once',
  );
  assert.deepEqual((await ask('GET', '')).body.items, []);

  const made = await ask('POST', '', { ...GOOD, expiresAtMs: soon });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.match(await cli('approvals', 'standing', 'list'), new RegExp(`${made.body.id}.*docs`));
  assert.equal((await ask('DELETE', `/${made.body.id}`)).status, 200);
  assert.deepEqual((await ask('GET', '')).body.items, []);
});
