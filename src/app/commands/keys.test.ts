import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { runCommand } from './fixtures/run-command.ts';

test('a key is created, listed without its secret, and revoked', async (t) => {
  const data = await createTempDir(t);
  const create = [
    'keys',
    'create',
    '--data',
    data,
    '--name',
    'laptop',
    '--allow',
    'a',
    '--allow',
    'b/*',
    '--deny',
    'b/x',
    '--toolset',
    'triage',
  ];
  const created = await runCommand([...create, '--expires', '30d']);
  assert.equal(created.code, 0, created.stderr);
  const secret = created.stdout.trim();
  assert.match(secret, /^pck_[\w-]{40,}$/);

  const listed = await runCommand(['keys', 'list', '--data', data, '--json']);
  const [key, ...others] = JSON.parse(listed.stdout);
  assert.deepEqual(others, []);
  assert.deepEqual([key.name, key.allow, key.deny, key.revokedAt], ['laptop', ['a', 'b/*'], ['b/x'], null]);
  assert.deepEqual(key.toolsets, ['triage']);
  assert.equal(Math.round((Date.parse(key.expiresAt) - Date.parse(key.createdAt)) / 86_400_000), 30);
  assert.ok(secret.startsWith(key.prefix));
  assert.ok(!listed.stdout.includes(secret) && !listed.stdout.includes('hash'));

  const revoked = await runCommand(['keys', 'revoke', 'laptop', '--data', data]);
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.match((await runCommand(['keys', 'list', '--data', data])).stdout, /laptop\trevoked/);
});

test('the secret of a key is nowhere in the data folder', async (t) => {
  const data = await createTempDir(t);
  const { stdout } = await runCommand(['keys', 'create', '--data', data, '--name', 'k', '--allow', '*']);
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(files.length > 0);
  for (const file of files) {
    assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(stdout.trim()), file.name);
  }
});

test('revoking what is not there, a missing folder, a wrong date and an unknown option each say so', async (t) => {
  const data = await createTempDir(t);
  await runCommand(['keys', 'create', '--data', data, '--name', 'k']);
  const cases: [string[], number, RegExp][] = [
    [['keys', 'revoke', 'ghost', '--data', data], 1, /no active key matches "ghost"/],
    [['keys', 'list', '--data', join(data, 'missing')], 1, /there is no data folder/],
    [['keys', 'create', '--data', data, '--name', 'k', '--expires', 'soon'], 2, /--expires wants/],
    [['keys', 'create', '--data', data, '--name', 'k', '--expires', '2020-01-01'], 2, /in the past/],
    [['keys', 'create', '--data', data, '--name', 'k', '--toolset', 'a/b'], 2, /no name of a toolset/],
    [['keys', 'create', '--data', data], 2, /--name/],
    [['keys', 'create', '--name', 'x', '--alow', 'x'], 2, /--alow.*\n.*--allow/],
  ];
  for (const [args, code, message] of cases) {
    const ran = await runCommand(args);
    assert.equal(ran.code, code, args.join(' '));
    assert.match(ran.stderr, message);
    assert.doesNotMatch(ran.stderr, /\n\s+at /, 'no stack');
    assert.equal(ran.stdout, '');
  }
});

test('patterns that can never match are refused with their place, of keys and of what bounds them', async (t) => {
  const data = await createTempDir(t);
  for (const [args, place, remedy] of [
    [
      ['keys', 'create', '--name', 'k', '--allow', 'ok', '--allow', 'githb:x/y'],
      /grant\.allow\.1 begins with no kind/,
      /server\/name/,
    ],
    [
      ['keys', 'create', '--name', 'k', '--rate', '5/minute on a/'],
      /limits\.requests\.0\.on\.0 names nothing/,
      /\* for all/,
    ],
    [
      ['teams', 'create', 'research', '--deny', 'my server'],
      /bounds\.deny\.0 the server is not written as an id/,
      /id of the server/,
    ],
  ] as const) {
    const { code, stderr } = await runCommand([...args, '--data', data]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, place);
    assert.match(stderr, remedy);
  }
});

test('parameters of models are bounded at every level: what is no number in its range is refused', async (t) => {
  const data = await createTempDir(t);
  const cli = (...args: string[]) => runCommand([...args, '--data', data]);
  assert.equal((await cli('users', 'create', 'ada', '--no-password')).code, 0);
  const bounds = ['--max-output-tokens', '100', '--max-temperature', '0.5', '--max-choices', '2'];
  const parameters = { maxOutputTokens: 100, maxTemperature: 0.5, maxChoices: 2 };
  for (const what of [
    ['teams', 'create', 'research'],
    ['organizations', 'create', 'acme'],
    ['users', 'set', 'Ada'],
  ]) {
    const { stdout, stderr } = await cli(...what, ...bounds, '--json');
    assert.deepEqual(JSON.parse(stdout || stderr).bounds, { allow: ['*'], deny: [], parameters });
  }
  const set = await cli('users', 'set', 'ada', '--label', 'customer=x', '--organization', 'acme', '--json');
  const { bounds: kept, labels, organization, role } = JSON.parse(set.stdout);
  assert.deepEqual([kept.parameters, labels, role], [parameters, { customer: 'x' }, 'member']);
  assert.match(organization, /^org_/);
  for (const wrong of [
    ['--max-choices', '1.5'],
    ['--max-temperature', 'warm'],
    ['--max-output-tokens', '0'],
  ] as const) {
    const { code, stderr } = await cli('teams', 'set', 'research', ...wrong);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(wrong[0]), stderr);
  }
});

test('a key is bound to networks and hours, and what it may do is explained', async (t) => {
  const data = await createTempDir(t);
  const config = join(data, 'portcullis.json');
  writeFileSync(config, '{}');
  const bounds = [
    '--network',
    '10.0.0.0/8',
    '--hours',
    'mon-fri 08:00-18:00 Europe/Berlin',
    '--provider-key',
    'openai/*',
  ];
  const place = ['--data', data, '--config', config];
  const created = await runCommand(['keys', 'create', ...place, '--name', 'office', '--allow', 'files', ...bounds]);
  assert.equal(created.code, 0, created.stderr);
  const ask = async (...more: string[]) => {
    const ran = await runCommand(['keys', 'explain', 'office', ...place, '--json', ...more]);
    assert.equal(ran.code, 0, ran.stderr);
    const { verdict, code } = JSON.parse(ran.stdout);
    return [verdict, code];
  };
  const monday = ['--at', '2026-11-23T07:00:00Z', '--from', '10.1.1.1'];
  const sunday = ['--at', '2026-11-22T07:00:00Z', '--from', '10.1.1.1'];
  assert.deepEqual(await ask('--tool', 'files/read', ...monday), ['allowed', undefined]);
  assert.deepEqual(await ask('--tool', 'git/log', ...monday), ['refused', 'unknown_tool']);
  assert.deepEqual(await ask('--tool', 'files/read', ...sunday), ['refused', 'outside_hours']);
  assert.deepEqual(await ask('--tool', 'files/read', '--from', '192.0.2.1'), ['refused', 'outside_network']);
  assert.deepEqual(await ask('--tool', 'read', '--server', 'files', ...monday), ['refused', 'unknown_server']);
  for (const wrong of [
    ['--network', '10.0.0.1/8'],
    ['--hours', 'mon-fry 08:00-18:00'],
    ['--provider-key', 'openai'],
  ])
    assert.equal((await runCommand(['keys', 'create', ...place, '--name', 'x', ...wrong])).code, 2, wrong.join(' '));
});

test('where limits of a key stand is shown with the explanation, and what was revoked or expired is said to be', async (t) => {
  const data = await createTempDir(t);
  const config = join(data, 'portcullis.json');
  const files = { command: 'true' };
  writeFileSync(config, JSON.stringify({ servers: { files }, toolsets: { some: { tools: ['files/read'] } } }));
  const place = ['--data', data, '--config', config];
  const run = async (...args: string[]) => {
    const ran = await runCommand(['keys', ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const limits = ['--rate', '60/minute', '--budget', '5usd/day', '--expires', '30d'];
  await run('create', ...place, '--name', 'office', '--allow', 'files', '--toolset', 'some', ...limits);
  const ask = ['explain', 'office', ...place, '--tool', 'files/read'];
  const explained = JSON.parse(await run(...ask, '--json'));
  assert.equal(explained.verdict, 'allowed');
  assert.deepEqual(
    explained.limits.map(({ what, max, used, left }: { [member: string]: unknown }) => [what, max, used, left]),
    [
      // A rate is counted in the process of the gateway.
      ['requests', 60, null, null],
      ['money', 5_000_000, 0, 5_000_000],
    ],
  );
  const told = await run(...ask);
  assert.match(told, /^allowed: files\/read: allowed by files/);
  assert.match(told, /^authorize\tkey office\tfiles\tpasses\t/m);
  assert.match(told, /^key office\tin the gateway\t-\tkey office: 60 requests per minute$/m);
  assert.match(told, /^key office\t0 USD\t5 USD\tkey office: 5 USD per day$/m);
  const codeOf = async (...more: string[]) => JSON.parse(await run(...ask, '--json', ...more)).code;
  assert.equal(await codeOf('--toolset', 'some'), undefined);
  assert.equal(await codeOf('--toolset', 'other'), 'unknown_server');
  assert.equal(await codeOf('--at', '2050-01-01'), 'unauthenticated');
  await run('revoke', 'office', ...place.slice(0, 2));
  const revoked = JSON.parse(await run(...ask, '--json'));
  assert.deepEqual([revoked.verdict, revoked.code], ['refused', 'unauthenticated']);
  assert.match(revoked.reason, /it was revoked at /);
});

test('a key may be allowed to have any call carried out, and nothing else is understood', async (t) => {
  const data = await createTempDir(t);
  const create = ['keys', 'create', '--data', data, '--name', 'runner', '--allow', '*', '--json', '--execute'];
  assert.equal(JSON.parse((await runCommand([...create, 'any'])).stdout).execute, 'any');
  const wrong = await runCommand([...create, 'all']);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /--execute takes suggested or any, not "all"/);
});
