/** Every example of the guide to rules gives the verdict it promises, and the command says why. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { runCommand } from './fixtures/run-command.ts';
import { explainCall } from './policy.ts';

const GUIDE = join(import.meta.dirname, '../../../docs/guide/policy.md');

/** `--name value` pairs of a command line of the guide. */
function optionsOf(line: string): { [name: string]: string } {
  const words = (line.match(/'[^']*'|\S+/g) ?? []).slice(3).map((word) => word.replace(/^'(.*)'$/, '$1'));
  const pairs = words.flatMap((word, i) => (i % 2 === 0 ? [[word.slice(2), words[i + 1] ?? ''] as const] : []));
  return Object.fromEntries(pairs);
}

test('every command of the guide gives the verdict it promises', async (t) => {
  const folder = await createTempDir(t);
  const config = join(folder, 'portcullis.json');
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```(jsonc|sh)\n([\s\S]*?)^```/gm)];
  let asked = 0;
  for (const [, language, text = ''] of blocks) {
    if (language === 'jsonc') await writeFile(config, text);
    else
      for (const line of text.trim().split('\n')) {
        const { expect = '', key = '', endpoint = '/mcp', ...options } = optionsOf(line);
        const found = await explainCall({ config, key, endpoint, ...options });
        assert.equal(found.verdict, expect, `${line}\n${JSON.stringify(found)}`);
        asked++;
      }
  }
  assert.ok(asked >= 14, `only ${asked} asked`);
});

test('the command says what decides and why, and fails where another verdict was expected', async (t) => {
  const folder = await createTempDir(t);
  await writeFile(
    join(folder, 'portcullis.json'),
    JSON.stringify({
      mcpServers: { git: { command: 'x' } },
      keys: [{ name: 'ci', value: 'pck_0123456789abcdefghij', allow: ['git/push'] }],
      policy: {
        rules: [
          { name: 'no-force', action: 'deny', targets: ['git/push'], when: 'args.force', message: 'no' },
          { name: 'ops', action: 'ask', keys: ['ops'] },
        ],
      },
    }),
  );
  const args = ['policy', 'test', '--key', 'ci', '--tool', 'git/push', '--args', '{}'];
  const told = await runCommand(args, { cwd: folder });
  assert.equal(told.code, 0, told.stderr);
  assert.equal(
    told.stdout,
    [
      'deny: rule "no-force"',
      '  message: no',
      '  the condition had no answer: no such key: force',
      '  grant: allows it',
      '  tool: counts as unannotated',
      '  no-force (deny): no answer: no such key: force',
      '  ops (ask): is about other keys',
      '',
    ].join('\n'),
  );
  const failed = await runCommand([...args, '--expect', 'allow', '--json'], { cwd: folder });
  assert.equal(failed.code, 1);
  const { verdict, rule, granted, hidden } = JSON.parse(failed.stdout);
  assert.deepEqual(
    { verdict, rule, granted, hidden },
    { verdict: 'deny', rule: 'no-force', granted: true, hidden: false },
  );
  const checked = await runCommand(['policy', 'check'], { cwd: folder });
  assert.match(checked.stdout, /no-force\tdeny\tper call\t\*\tgit\/push\targs\.force/);
  assert.match(checked.stdout, /ops\task\tbeforehand\tops/);
  const wrong = await runCommand(['policy', 'test', '--key', 'ci', '--tool', 'gti/push'], { cwd: folder });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /Did you mean git\?/);
});
