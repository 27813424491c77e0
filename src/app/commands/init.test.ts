import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { runCommand } from './fixtures/run-command.ts';

test('without a terminal it writes a valid commented file and asks nothing', async (t) => {
  const cwd = await createTempDir(t);
  const ran = await runCommand(['init', '--port', '9000'], { cwd });
  assert.equal(ran.code, 0, ran.stderr);
  const file = join(cwd, 'portcullis.json');
  const result = parseConfig(readFileSync(file, 'utf8'), { file, env: {} });
  assert.ok(result.ok);
  assert.deepEqual([result.config.listen.port, result.config.servers.length], [9000, 0]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('every line that is commented out is valid once it is taken in', async (t) => {
  const cwd = await createTempDir(t);
  await runCommand(['init', '--example'], { cwd });
  const file = join(cwd, 'portcullis.json');
  const text = readFileSync(file, 'utf8').replace(/^ {2}\/\/ (")/gm, '  $1');
  const result = parseConfig(text.replace('"github"', '"memory"'), { file, env: { CI_KEY: 'a-long-enough-secret' } });
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.config.keys.length, 1);
});

test("a client's servers are taken over as they stand, but not the gateway's own entry", async (t) => {
  const cwd = await createTempDir(t);
  const servers = {
    files: { command: 'npx', args: ['-y', 'x'], env: { A: '$' + '{A}' } },
    remote: { type: 'http', url: 'https://example.com/mcp', headers: { Authorization: 'Bearer t' } },
  };
  const own = {
    portcullis: { url: 'http://127.0.0.1:8484/mcp' },
    gw: { command: 'node', args: ['/x/bin/portcullis.mjs', 'stdio'] },
  };
  await writeFile(join(cwd, 'claude.json'), `{ /* c */ "mcpServers": ${JSON.stringify({ ...servers, ...own })}, }`);
  await writeFile(join(cwd, 'code.json'), JSON.stringify({ servers: { third: { command: 'y' } } }));
  const ran = await runCommand(['init', '--from', 'claude.json', '--from', 'code.json', '--json'], { cwd });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(JSON.parse(ran.stdout).servers, ['files', 'remote', 'third']);
  const file = join(cwd, 'portcullis.json');
  const result = parseConfig(readFileSync(file, 'utf8'), { file, env: { A: '1' } });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    result.config.servers.map((server) => server.id),
    ['files', 'remote', 'third'],
  );
});

test('an existing file is never overwritten without --force', async (t) => {
  const cwd = await createTempDir(t);
  const file = join(cwd, 'portcullis.json');
  await writeFile(file, '{"mine":1}');
  const refused = await runCommand(['init'], { cwd });
  assert.equal(refused.code, 1);
  assert.equal(readFileSync(file, 'utf8'), '{"mine":1}');
  assert.equal((await runCommand(['init', '--force'], { cwd })).code, 0);
  assert.notEqual(readFileSync(file, 'utf8'), '{"mine":1}');
});

test('a file without servers, or none at all, is refused before anything is written', async (t) => {
  const cwd = await createTempDir(t);
  await writeFile(join(cwd, 'empty.json'), '{}');
  for (const from of ['empty.json', 'missing.json']) {
    const ran = await runCommand(['init', '--from', from], { cwd });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, new RegExp(from));
    assert.throws(() => statSync(join(cwd, 'portcullis.json')));
  }
});
