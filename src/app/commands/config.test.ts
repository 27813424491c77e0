// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { runCommand } from './fixtures/run-command.ts';

test('what was exported is what was imported, but for secrets, which stay where they are', async (t) => {
  const dir = await createTempDir(t);
  const file = join(dir, 'portcullis.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { own: { url: 'https://own.example/mcp' } } }));
  const whole = {
    mcpServers: { github: { url: 'https://a.example/mcp', headers: { Authorization: 'Bearer 12345' } } },
    serverOptions: { github: { callTimeoutMs: 5_000 } },
    toolsets: { triage: { tools: ['github/create', 'own/x'] } },
    policy: { rules: [{ name: 'no', action: 'deny', targets: ['own'] }] },
  };
  const source = join(dir, 'more.json');
  writeFileSync(source, JSON.stringify(whole));
  const config = (...args: string[]) => runCommand(['config', ...args, '--config', file]);

  const plan = await config('import', source);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /create\tserver\tgithub/);
  assert.match(plan.stderr, /Nothing was written/);
  const done = await config('import', source, '--yes');
  assert.equal(done.code, 0, done.stderr);
  const again = await config('import', source, '--json');
  assert.deepEqual(JSON.parse(again.stdout), [{ action: 'update', kind: 'server', name: 'github' }], 'only its secret');

  const listed = await config('list');
  assert.match(listed.stdout, /server\town\tfile\tin force\t.*portcullis\.json:1/);
  assert.match(listed.stdout, /toolset\ttriage\tstore\tin force\tversion 1/);
  assert.equal((await config('drift')).code, 0);

  const out = join(dir, 'out.json');
  const exported = await config('export', '--out', out);
  assert.match(exported.stderr, /SERVER_GITHUB_HEADERS_AUTHORIZATION/);
  const expected = structuredClone(whole);
  expected.mcpServers.github.headers.Authorization = '${env:SERVER_GITHUB_HEADERS_AUTHORIZATION}';
  assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), expected);
  assert.notEqual((await config('export', '--out', out)).code, 0);

  const changes = await config('changes');
  assert.match(changes.stdout, /create server github by \S+ \(operator, cli\)/);
  assert.ok(!`${changes.stdout}${listed.stdout}`.includes('12345'));
});

test('drift is told with its reason, and what the file owns or the operator did not allow is not imported', async (t) => {
  const dir = await createTempDir(t);
  const file = join(dir, 'portcullis.json');
  const config = (...args: string[]) => runCommand(['config', ...args, '--config', file]);
  const source = join(dir, 'more.json');
  const put = (path: string, value: object): void => writeFileSync(path, JSON.stringify(value));
  put(source, { mcpServers: { a: { url: 'https://a.example/mcp' } }, toolsets: { t: { tools: ['a/x'] } } });
  put(file, {});
  assert.equal((await config('import', source, '--yes')).code, 0);
  put(file, { mcpServers: { a: { url: 'https://file.example/mcp' } } });
  const drift = await config('drift');
  assert.equal(drift.code, 1);
  assert.match(drift.stdout, /server\ta\tstore\tshadowed/);
  const owned = await config('import', source, '--yes');
  assert.equal(owned.code, 1);
  assert.match(owned.stderr, /server a belongs to the file .*portcullis\.json:1/);

  put(source, { mcpServers: { evil: { command: 'touch', args: [join(dir, 'started')] } } });
  const evil = await config('import', source, '--yes');
  assert.equal(evil.code, 1);
  assert.match(evil.stderr, /starting this program is not allowed here/);
  assert.ok(!existsSync(join(dir, 'started')));
});
