/** The documents say what is so: commands and flags exist, configurations are valid, links lead somewhere, errors are explained. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { ERRORS } from '../contracts/errors.ts';
import { parseConfig } from '../platform/config/parse-config.ts';
import { createProgram } from './main.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENTS = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

/** Words of a shell line, as far as the documents use the shell. */
function words(line: string): string[] {
  return (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}

/** What is wrong with the arguments of a portcullis command line. */
function findMistakes(args: readonly string[]): string[] {
  let command: Command = createProgram();
  let rest = args;
  for (;;) {
    const next = command.commands.find((sub) => sub.name() === rest[0]);
    if (next === undefined) break;
    command = next;
    rest = rest.slice(1);
  }
  const options =
    command.commands.find((sub) => sub.name() === (command.name() === 'audit' ? 'list' : 'serve'))?.options ?? [];
  const known = [...command.options, ...options].flatMap((option) => [option.long, option.short]);
  const wrong = rest.filter(
    (word) => word.startsWith('-') && !['-', '--', '--help'].includes(word) && !known.includes(word),
  );
  if (command.commands.length > 0 && rest[0] !== undefined && !rest[0].startsWith('-')) wrong.push(rest[0]);
  return wrong;
}

/** What a document tells its reader to set before starting. */
const READERS_ENV = {
  PORTCULLIS_METRICS_TOKEN: 'zR4t-Yq81_mNbVc3',
  HOOK_SECRET: 'whsec_0123456789abcdef',
  AGENT_KEY: 'zR4t-Yq81_mNbVc3',
  DATABASE_URL: 'postgres://gateway@db/portcullis',
  REDIS_URL: 'rediss://gateway:x@redis.example:6380/0',
  AWS_ACCESS_KEY_ID: 'AKIA',
  AWS_SECRET_ACCESS_KEY: 's',
};

test('every portcullis command in the documents exists, with its flags', () => {
  let seen = 0;
  for (const path of DOCUMENTS) {
    const text = read(path);
    const inline = [...text.matchAll(/`((?:portcullis|node bin\/portcullis\.mjs) [^`]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    const lines = blocks(text, 'sh').flatMap((block) => block.trim().split('\n'));
    for (const line of [...inline, ...lines]) {
      const match = /^(?:portcullis|node bin\/portcullis\.mjs)\s+(.*)$/.exec(line);
      if (match === null) continue;
      seen++;
      const args = words(match[1] ?? '').filter((word) => !/^[A-Z]+$/.test(word));
      assert.deepEqual(findMistakes(args), [], `${path}: ${line}`);
    }
  }
  assert.ok(seen > 30, `only ${seen} found`);
  assert.deepEqual(findMistakes(['keys', 'create', '--nmae', 'x']), ['--nmae']);
  assert.deepEqual(findMistakes(['keys', 'make']), ['make']);
});

test('every npm script in the documents exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { readonly [name: string]: string } };
  for (const path of DOCUMENTS) {
    for (const [whole, name] of read(path).matchAll(/npm (?:run )?(start|test|(?<=run )[\w:]+)/g)) {
      assert.ok(scripts[name ?? ''] !== undefined, `${path}: ${whole}`);
    }
  }
});

test('every configuration in the documents and examples is valid', () => {
  let seen = 0;
  const check = (text: string, file: string): void => {
    seen++;
    const result = parseConfig(text, { file, env: READERS_ENV });
    assert.ok(result.ok, `${file}: ${JSON.stringify(result)}\n${text}`);
  };
  for (const path of DOCUMENTS) for (const block of blocks(read(path), 'jsonc?')) check(block, join(ROOT, path));
  for (const entry of readdirSync(join(ROOT, 'examples'), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const file = join('examples', entry.name, 'portcullis.json');
    check(read(file), join(ROOT, file));
  }
  assert.ok(seen >= 4);
});

test('README has the two commands, each one line', () => {
  const text = read('README.md');
  for (const heading of ['Start', 'Test']) {
    const section = new RegExp(`^## ${heading}\\n([\\s\\S]*?)(?=^## )`, 'm').exec(text)?.[1] ?? '';
    const found = blocks(section, 'sh');
    assert.equal(found.length, 1, heading);
    assert.match(found[0] ?? '', /^npm ci [^\n]+\n$/);
  }
});

test('every link inside the repository leads to a file', () => {
  for (const path of DOCUMENTS) {
    for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(path), target)), `${path}: ${target}`);
    }
  }
});

test('every threat names a test that is there', () => {
  const rows = [...read('docs/reference/threats.md').matchAll(/^\| .* \| "(.+)" `(\S+)` \|$/gm)];
  assert.ok(rows.length > 30, `only ${rows.length} rows`);
  for (const [, sentence = '', file = ''] of rows)
    assert.ok(read(file).includes(`'${sentence}'`), `${file} has no test of that name: ${sentence}`);
});

test('every error is explained as it is, and no other is', () => {
  const rows = [
    ...read('docs/reference/errors.md').matchAll(/^\| `(\w+)` \| (\d+) \| (-\d+) \| (yes|no) \| (.+) \| (.+) \|$/gm),
  ];
  const explained = rows.map(([, code = '', status, rpc, again]) => [
    code,
    Number(status),
    Number(rpc),
    again === 'yes',
  ]);
  const actual = Object.entries(ERRORS).map(([code, row]) => [code, row.httpStatus, row.rpcCode, row.retryable]);
  assert.deepEqual(explained.sort(), actual.sort());
});

test('every command and option is in the command line reference', () => {
  const reference = read('docs/reference/cli.md');
  const visit = (command: Command, path: string): void => {
    for (const sub of command.commands) {
      const name = path === 'portcullis audit' && sub.name() === 'list' ? path : `${path} ${sub.name()}`;
      if (sub.commands.length === 0) {
        const row = new RegExp(`^\\| \`${name}(?: [A-Z]+)?\` \\| (.*)$`, 'm').exec(reference)?.[1];
        assert.ok(row !== undefined, name);
        for (const { long } of sub.options) {
          assert.ok(
            ['--json', '--url', '--key', '--config', '--data'].includes(long ?? '') ||
              row.includes(long ?? '?') ||
              /audit/.test(name),
            `${name} ${long}`,
          );
        }
      }
      visit(sub, name);
    }
  };
  visit(createProgram(), 'portcullis');
});
