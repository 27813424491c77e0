/** `servers`, `tools` and `audit` against a running gateway with two real servers behind it. */

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { ROOT, type StartedGateway, startGateway } from '../../../test/support/gateway.ts';
import { EVERYTHING, FILESYSTEM, stdioEntry } from '../../../test/support/real-servers.ts';
import { createCleanup } from '../../../test/support/temp-dir.ts';
import { type Ran, runCommand } from './fixtures/run-command.ts';

const cleanup = createCleanup();
let gateway: StartedGateway;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-cli-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'hello.txt'), 'from a file');
  gateway = await startGateway(cleanup, {
    config: {
      mcpServers: {
        everything: stdioEntry(EVERYTHING, ['stdio']),
        files: stdioEntry(FILESYSTEM, [folder]),
        broken: { command: join(folder, 'no-such-program') },
      },
      keys: [{ name: 'narrow', value: 'narrow-key-0123456789', allow: ['files/read_*'] }],
      anonymous: { allow: ['everything/echo'] },
    },
  });
  await gateway.healthy('everything', 'files');
});
after(() => cleanup.run());

const KEY = 'narrow-key-0123456789';

function run(args: readonly string[], key: string | undefined = undefined, input?: string): Promise<Ran> {
  const env = { PORTCULLIS_URL: gateway.url, ...(key === undefined ? {} : { PORTCULLIS_KEY: key }) };
  return runCommand(args, { env, ...(input === undefined ? {} : { input }) });
}

test('servers shows each state; why one failed is for those who may use it', async () => {
  const servers = await run(['servers', '--json']);
  assert.equal(servers.code, 0, servers.stderr);
  const states = JSON.parse(servers.stdout).map((server: { id: string; state: string }) => [server.id, server.state]);
  assert.deepEqual(new Map(states).get('everything'), 'healthy');
  assert.notEqual(new Map(states).get('broken'), 'healthy');
  const narrow = JSON.parse((await run(['servers', '--json'], KEY)).stdout);
  const files = narrow.find((server: { id: string }) => server.id === 'files');
  assert.ok(files.tools > 0);
});

test('tools list shows what the key sees and nothing else', async () => {
  const mine = await run(['tools', 'list', '--json'], KEY);
  const names = JSON.parse(mine.stdout).map((tool: { name: string }) => tool.name);
  assert.ok(names.includes('files__read_text_file'));
  assert.ok(
    names.every((name: string) => name.startsWith('files__read_')),
    names.join(),
  );
  const open = await run(['tools', 'list']);
  assert.match(open.stdout, /^everything__echo\t.*\n$/);
});

test('tools call prints text, takes arguments in every form, and types them by the schema', async () => {
  const file = join(folder, 'args.json');
  await writeFile(file, JSON.stringify({ message: 'from a file' }));
  for (const [args, input, expected] of [
    [['--arg', 'message=5'], undefined, 'Echo: 5\n'],
    [['--args', '{"message":"a b"}'], undefined, 'Echo: a b\n'],
    [['--args', `@${file}`], undefined, 'Echo: from a file\n'],
    [['--args', '-'], '{"message":"piped"}', 'Echo: piped\n'],
  ] as const) {
    const ran = await run(['tools', 'call', 'everything__echo', ...args], undefined, input);
    assert.deepEqual([ran.code, ran.stdout], [0, expected], ran.stderr);
  }
});

test('an error of the tool, a hidden tool and a wrong key have their exit codes', async () => {
  const toolError = await run(['tools', 'call', 'files__read_text_file', '--arg', 'path=/etc/passwd'], KEY);
  assert.equal(toolError.code, 1);
  assert.match(toolError.stdout, /denied|outside/i);
  const hidden = await run(['tools', 'call', 'files__write_file', '--args', '{"path":"x","content":""}'], KEY);
  const missing = await run(['tools', 'call', 'files__no_such_tool'], KEY);
  assert.deepEqual([hidden.code, missing.code], [1, 1]);
  assert.equal(
    hidden.stderr.replace('write_file', 'T').replace('write_file', 'T'),
    missing.stderr.replaceAll('no_such_tool', 'T'),
  );
  assert.equal((await run(['tools', 'list'], 'pck_wrong')).code, 4);
});

test('--json prints the whole result', async () => {
  const ran = await run(
    ['tools', 'call', 'files__read_text_file', '--arg', `path=${join(folder, 'hello.txt')}`, '--json'],
    KEY,
  );
  assert.equal(JSON.parse(ran.stdout).content[0].text, 'from a file');
});

test('audit filters by key and result, and exports what it shows', async () => {
  const data = ['--data', gateway.dataDir];
  const narrow = await run(['audit', ...data, '--key', 'narrow', '--kind', 'tools.call', '--json', '--since', '1h']);
  const rows = narrow.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(rows.length >= 3);
  assert.ok(rows.every((row) => row.keyName === 'narrow' && row.kind === 'tools.call'));
  const one = await run(['audit', ...data, '--run', rows[0].id, '--json']);
  assert.deepEqual(JSON.parse(one.stdout), rows[0], 'a run has the id of its first call');
  const refused = await run(['audit', ...data, '--result', 'refused']);
  assert.match(refused.stdout, /unknown_tool/);

  const out = join(folder, 'calls.csv');
  const exported = await run(['audit', 'export', ...data, '--format', 'csv', '--out', out]);
  assert.equal(exported.code, 0, exported.stderr);
  const lines = (await readFile(out, 'utf8')).trim().split('\r\n');
  assert.match(lines[0] ?? '', /^seq,at,id,/);
  assert.ok(lines.length > rows.length);
  assert.equal((await run(['audit', ...data, '--result', 'fine'])).code, 2);
  assert.equal((await run(['audit', ...data, '--since', 'yesterday'])).code, 2);
});

test('audit --follow shows a call made while it runs, and ends on SIGTERM', async (t) => {
  const bin = join(ROOT, 'bin/portcullis.mjs');
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [bin, 'audit', '--follow', '--json', '--data', gateway.dataDir, '--tool', 'echo'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  const marker = `followed ${process.pid}`;
  const seen = new Promise<void>((found) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.includes(marker) && found());
  });
  await run(['tools', 'call', 'everything__echo', '--arg', `message=${marker}`]);
  await seen;
  const ended = new Promise((done) => child.once('exit', (code) => done(code)));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});
