import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { runCommand } from './commands/fixtures/run-command.ts';
import { createProgram } from './main.ts';

test('a mistyped command is a usage error that names the likely one', async () => {
  const ran = await runCommand(['sevrers']);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /no command "sevrers"[\s\S]*portcullis servers/);
});

test('help and version end with 0 and print to standard output', async () => {
  for (const args of [['--help'], ['help'], ['keys', 'create', '--help']]) {
    const ran = await runCommand(args);
    assert.equal(ran.code, 0);
    assert.match(ran.stdout, /^Usage: portcullis/);
  }
  assert.match((await runCommand(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('an unreachable gateway is exit code 3, in one line with a remedy and no stack', async () => {
  for (const args of [['servers'], ['tools', 'list'], ['tools', 'call', 'x']]) {
    const ran = await runCommand([...args, '--url', 'http://127.0.0.1:1']);
    assert.equal(ran.code, 3, args.join(' '));
    assert.match(ran.stderr, /no gateway answers at http:\/\/127\.0\.0\.1:1 .*\n {2}Start one with/);
  }
});

test('output in a pipe carries no colours', async () => {
  const ran = await runCommand(['check', '--config', '/nonexistent.json']);
  assert.ok(!ran.stdout.includes('\u001b'));
});

test('every command and every option is described', () => {
  const visit = (command: Command, path: string): void => {
    for (const sub of command.commands) {
      const name = `${path} ${sub.name()}`;
      assert.notEqual(sub.description(), '', name);
      for (const option of sub.options) assert.notEqual(option.description, '', `${name} ${option.flags}`);
      visit(sub, name);
    }
  };
  visit(createProgram(), 'portcullis');
});
