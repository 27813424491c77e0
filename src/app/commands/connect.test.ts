import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { CLIENTS, type Place } from './connect/clients.ts';
import { runCommand } from './fixtures/run-command.ts';

const KEY = 'pck_0123456789abcdef';
const URL = 'http://127.0.0.1:9999';

test('--write creates the file of each client, readable by its owner only, with URL and key', async (t) => {
  for (const client of CLIENTS) {
    const home = await createTempDir(t);
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, '.config') };
    const ran = await runCommand(['connect', client.id, '--write', '--json', '--url', URL, '--key', KEY], {
      env,
      cwd: home,
    });
    assert.equal(ran.code, 0, ran.stderr);
    const { file, changed, backup } = JSON.parse(ran.stdout);
    assert.ok(file.startsWith(home) && changed && backup === null);
    const text = readFileSync(file, 'utf8');
    assert.ok(text.includes(URL) && text.includes(KEY), `${client.id}: ${text}`);
    assert.equal(statSync(file).mode & 0o777, 0o600);

    const again = await runCommand(['connect', client.id, '--write', '--json', '--url', URL, '--key', KEY], {
      env,
      cwd: home,
    });
    assert.equal(JSON.parse(again.stdout).changed, false, client.id);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('an existing file keeps everything else, and a dated copy of it is kept', async (t) => {
  const home = await createTempDir(t);
  const file = join(home, '.cursor', 'mcp.json');
  await mkdir(dirname(file));
  const before = '{\n  // mine\n  "mcpServers": {\n    "a": { "command": "x" }, // stays\n  },\n}\n';
  await writeFile(file, before, { mode: 0o640 });
  const ran = await runCommand(['connect', 'cursor', '--write', '--url', URL, '--env-key'], {
    env: { HOME: home, PORTCULLIS_KEY: KEY },
  });
  assert.equal(ran.code, 0, ran.stderr);
  const after = readFileSync(file, 'utf8');
  assert.match(after, /\/\/ mine[\s\S]*\/\/ stays[\s\S]*"portcullis"/);
  assert.ok(after.includes('$' + '{env:PORTCULLIS_KEY}') && !after.includes(KEY));
  assert.equal(statSync(file).mode & 0o777, 0o640);
  const backups = readdirSync(dirname(file)).filter((name) => name.endsWith('.bak'));
  assert.equal(backups.length, 1);
  assert.equal(readFileSync(join(dirname(file), backups[0] ?? ''), 'utf8'), before);
});

test('a broken file is left as it is', async (t) => {
  const home = await createTempDir(t);
  await mkdir(join(home, '.gemini'));
  await writeFile(join(home, '.gemini', 'settings.json'), '{ "a": ');
  const ran = await runCommand(['connect', 'gemini', '--write'], { env: { HOME: home } });
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /left as it is/);
  assert.deepEqual(readdirSync(join(home, '.gemini')), ['settings.json']);
  assert.equal(readFileSync(join(home, '.gemini', 'settings.json'), 'utf8'), '{ "a": ');
});

test("a project's file never gets the key, and without --write nothing is written", async (t) => {
  const cwd = await createTempDir(t);
  for (const client of ['claude-code', 'codex', 'gemini', 'cursor', 'vscode']) {
    const ran = await runCommand(['connect', client, '--project', '--json', '--key', KEY], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const shown = JSON.parse(ran.stdout);
    assert.ok(shown.file.startsWith(cwd) && !existsSync(shown.file));
    assert.ok(!ran.stdout.includes(KEY), client);
  }
  const desktop = await runCommand(['connect', 'claude-desktop', '--project'], { cwd });
  assert.equal(desktop.code, 2);
  assert.equal((await runCommand(['connect', 'codex', '--name', 'a(b'], { cwd })).code, 2);
});

test('printed for Claude Code, the line is one that a shell takes apart correctly', async () => {
  const ran = await runCommand(['connect', 'claude-code', '--url', URL, '--key', KEY, '--server', 'github']);
  assert.ok(
    ran.stdout.includes(
      `claude mcp add --transport http --scope user portcullis ${URL}/mcp/github --header "Authorization: Bearer ${KEY}"`,
    ),
    ran.stdout,
  );
});

test('the entry for Claude Desktop starts our bridge by absolute paths', async () => {
  const ran = await runCommand(['connect', 'claude-desktop', '--json', '--url', URL, '--key', KEY]);
  const { value } = JSON.parse(ran.stdout);
  assert.equal(value.command, process.execPath);
  assert.ok(existsSync(value.args[0]));
  assert.deepEqual(value.args.slice(1), ['stdio', '--url', URL]);
  assert.deepEqual(value.env, { PORTCULLIS_KEY: KEY });
});

test('files lie where each system has them', () => {
  const place = (platform: NodeJS.Platform, env: Place['env'] = {}): Place => ({
    platform,
    home: '/home/me',
    cwd: '/work',
    env,
  });
  const file = (id: string, at: Place): string | undefined =>
    CLIENTS.find((client) => client.id === id)
      ?.file(at, 'user')
      ?.replaceAll('\\', '/');
  assert.equal(
    file('claude-desktop', place('darwin')),
    '/home/me/Library/Application Support/Claude/claude_desktop_config.json',
  );
  assert.equal(file('claude-desktop', place('linux')), '/home/me/.config/Claude/claude_desktop_config.json');
  assert.equal(
    file('claude-desktop', place('win32', { APPDATA: '/roaming' })),
    '/roaming/Claude/claude_desktop_config.json',
  );
  assert.equal(file('vscode', place('darwin')), '/home/me/Library/Application Support/Code/User/mcp.json');
  assert.equal(file('vscode', place('linux')), '/home/me/.config/Code/User/mcp.json');
  assert.equal(file('claude-code', place('linux')), '/home/me/.claude.json');
  assert.equal(file('codex', place('linux', { CODEX_HOME: '/cx' })), '/cx/config.toml');
  assert.equal(file('cursor', place('win32')), '/home/me/.cursor/mcp.json');
  assert.equal(file('gemini', place('linux')), '/home/me/.gemini/settings.json');
});
