/** What is written wrongly at the command line, or found broken on the disk: told in words, with an exit code, and nothing is lost. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ROOT, runCli, startGateway } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** With nothing on standard input. */
function run(cwd: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(ROOT, 'bin/portcullis.mjs'), ...args],
      { cwd, timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const LONG = 'x'.repeat(300);

/** What is typed, how it ends, and what is said. */
const TABLE: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
  [['keys', 'create', '--name', ''], 2, /name: expected 1 to 200 characters/],
  [['keys', 'create', '--name', LONG], 2, /name: expected 1 to 200 characters/],
  [['keys', 'create', '--name', 'a', '--allow', ''], 2, /--allow and --deny want a pattern such as/],
  [['keys', 'create', '--name', 'a', '--rate', '5'], 2, /--rate wants a number and a span such as 100\/minute/],
  [
    ['keys', 'create', '--name', 'a', '--budget', '5eur/day'],
    2,
    /--budget wants dollars and a window such as 5usd\/day/,
  ],
  [['keys', 'create', '--name', 'a', '--budget', '5usd/day', '--time-zone', 'Mars'], 2, /"Mars" is no time zone/],
  [['keys', 'create', '--name', 'a', '--concurrent', '0'], 2, /--concurrent wants a whole number from 1/],
  [['keys', 'create', '--name', 'a', '--label', 'x'], 2, /--label wants NAME=VALUE/],
  [['keys', 'create', '--name', 'a', '--network', '10.0.0.0/99'], 2, /"10\.0\.0\.0\/99" is no network; one looks like/],
  [['keys', 'create', '--name', 'a', '--hours', '8-18'], 2, /--hours wants a time such as "mon-fri/],
  [['keys', 'create', '--name', 'a', '--expires', '2020-01-01'], 2, /--expires lies in the past/],
  [['keys', 'create', '--name', 'a', '--team', 'nobody'], 1, /there is no team "nobody"\n.*portcullis teams list/],
  [['keys', 'rotate', 'k', '--grace', 'soon'], 2, /--grace wants a span of at most 30 days/],
  [['keys', 'revoke', 'nobody'], 1, /no active key matches "nobody"\n.*portcullis keys list/],
  [['keys', 'explain', 'k'], 2, /name one of --tool, --prompt, --resource and --model/],
  [['users', 'create', ''], 2, /a name has 1 to 200 characters/],
  [['users', 'create', 'ada', '--role', 'boss'], 2, /Allowed choices are owner, admin, operator, auditor, member/],
  [['users', 'create', 'ada'], 2, /no password on standard input\n.*--invite/],
  [['users', 'disable', 'nobody'], 1, /there is no user "nobody"/],
  [['teams', 'create', ''], 2, /name: expected 1 to 200 characters/],
  [['teams', 'set', 'nobody', '--rate', '5/minute'], 1, /there is no team "nobody"/],
  [['organizations', 'create', LONG], 2, /name: expected 1 to 200 characters/],
  [['organizations', 'delete', 'nobody'], 1, /there is no organization "nobody"/],
  [['admin-tokens', 'create', '--name', 'x'], 2, /required option '--role <role>'/],
  [['admin-tokens', 'create', '--name', '', '--role', 'owner'], 2, /--name wants 1 to 200 characters/],
  [['admin-tokens', 'revoke', 'nobody'], 1, /no admin token matches "nobody"/],
  [['config', 'import', 'nofile.json'], 1, /there is no file or folder nofile\.json/],
  [['config', 'import', 'list.json'], 1, /list\.json is no configuration: expected an object/],
  [['config', 'import', 'empty.json'], 1, /there is nothing in empty\.json that could be stored/],
  [['config', 'import', 'broken.json'], 1, /broken\.json: the text ends where a value should be/],
  [['config', 'changes', '--limit', 'x'], 2, /--limit wants a positive number/],
  [['secrets', 'rotate'], 1, /there is no master key to seal with\n.*openssl rand/],
  [['backup', 'nowhere/file'], 1, /there is no file or folder .*nowhere/],
  [['backup', 'list.json'], 1, /is there already/],
  [['restore', 'nofile'], 1, /there is no file/],
  [['restore', 'list.json'], 1, /is no backup of Portcullis/],
  [['restore', '--force', 'list.json'], 1, /is no backup of Portcullis/],
  [['audit', 'costs', '--by', 'nobody'], 2, /Allowed choices are key, user, team/],
  [['audit', '--since', 'tomorrow'], 2, /--since wants a span such as 1h/],
  [['keys', 'list', '--data', 'list.json'], 1, /list\.json is a file, where a folder is wanted/],
  [['migrate', '--data', 'nowhere'], 1, /there is no data folder .*nowhere\n.*--data/],
  [['serve', '--port', '99999'], 2, /--port 99999: expected 0 to 65535/],
  [['serve', '--config', 'nofile.json'], 1, /there is no file .*nofile\.json\n.*portcullis init/],
];

test('what is typed wrongly is told in words and with an exit code, and nothing that is stored changes', async (t) => {
  const folder = await createTempDir(t);
  writeFileSync(join(folder, 'portcullis.json'), '{}');
  for (const [name, text] of [
    ['list.json', '[1]'],
    ['empty.json', '{}'],
    ['broken.json', '{"a":'],
  ] as const)
    writeFileSync(join(folder, name), text);
  assert.equal((await run(folder, ['keys', 'create', '--name', 'k', '--allow', '*'])).code, 0);
  const stored = async (): Promise<string> => (await run(folder, ['config', 'changes', '--json'])).stdout;
  const before = await stored();
  const left = [...TABLE];
  const next = async (): Promise<void> => {
    for (let row = left.pop(); row !== undefined; row = left.pop()) {
      const [args, code, said] = row;
      const ended = await run(folder, args);
      const what = `portcullis ${args.join(' ').slice(0, 80)}: ${ended.code} ${ended.stdout}${ended.stderr}`;
      assert.equal(ended.code, code, what);
      assert.match(ended.stderr, said, what);
      assert.doesNotMatch(ended.stderr, /\n\s+at |ZodError|"code":/, what);
    }
  };
  await Promise.all([next(), next()]);
  assert.equal(await stored(), before);
});

test('a second gateway on a data folder, and a restore under a running one, are refused, and the first goes on', async (t) => {
  const gateway = await startGateway(t, { config: {} });
  const folder = await createTempDir(t);
  const backup = join(folder, 'backup');
  await runCli('backup', backup, '--data', gateway.dataDir);
  for (const args of [
    ['serve', '--port', '0'],
    ['restore', backup],
    ['restore', '--force', backup],
  ]) {
    const { code, stderr } = await run(folder, [...args, '--data', gateway.dataDir]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /another gateway \(process \d+\) is running on the data directory .*--data/);
  }
  assert.equal((await fetch(`${gateway.url}/ready`)).status, 200);
});

test('what is found broken in a data folder is told with its file and what to do, and stays as it is', async (t) => {
  const folder = await createTempDir(t);
  writeFileSync(join(folder, 'portcullis.json'), '{}');
  assert.equal((await run(folder, ['keys', 'create', '--name', 'k', '--allow', '*'])).code, 0);
  const spoil: readonly (readonly [name: string, how: (dataDir: string) => void, said: RegExp])[] = [
    [
      'newer',
      (dataDir) => {
        const db = new DatabaseSync(join(dataDir, 'portcullis.db'));
        db.exec("INSERT INTO schema_version VALUES (999, 'later', 1)");
        db.close();
      },
      /schema version 999, this program knows \d+: it was used by a newer Portcullis; run that one, or restore a backup/,
    ],
    [
      'damaged',
      (dataDir) => writeFileSync(join(dataDir, 'portcullis.db'), 'no database at all, '.repeat(500)),
      /portcullis\.db is damaged, or no database .*; put it aside and restore a backup/,
    ],
    [
      'journal',
      (dataDir) => {
        rmSync(join(dataDir, 'journal'), { recursive: true, force: true });
        writeFileSync(join(dataDir, 'journal'), 'x');
      },
      /journal is a file, where a folder is wanted/,
    ],
  ];
  for (const [name, how, said] of spoil) {
    const dataDir = join(folder, name);
    mkdirSync(dataDir);
    cpSync(join(folder, '.portcullis'), dataDir, { recursive: true });
    how(dataDir);
    const commands =
      name === 'journal'
        ? [['serve', '--port', '0']]
        : [['serve', '--port', '0'], ['keys', 'list'], ['migrate'], ['migrate', '--check']];
    for (const args of commands) {
      const { code, stderr } = await run(folder, [...args, '--data', dataDir]);
      assert.equal(code, 1, `${name} ${args.join(' ')} ${stderr}`);
      assert.match(stderr, said, `${name} ${args.join(' ')}`);
    }
    if (name !== 'newer') continue;
    const db = new DatabaseSync(join(dataDir, 'portcullis.db'));
    db.exec('DELETE FROM schema_version WHERE version = 999');
    db.close();
    assert.match((await run(folder, ['keys', 'list', '--data', dataDir])).stdout, /\tk\tactive/);
  }
});
