import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createTempDir } from '../test/support/temp-dir.ts';

const WITH_NODE = join(import.meta.dirname, 'with-node.mjs');

test('a Node that is new enough is used as it is', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [WITH_NODE, '-p', 'process.version']);
  assert.equal(stdout.trim(), process.version);
});

test('which versions are new enough', async () => {
  const { isSupportedNode } = (await import('./with-node.mjs' as string)) as {
    isSupportedNode(version: string): boolean;
  };
  const versions = ['18.20.0', '20.20.2', '22.18.0', '22.19.0', '22.23.3', '24.0.0', '26.1.0'];
  assert.deepEqual(versions.filter(isSupportedNode), ['22.19.0', '22.23.3', '24.0.0', '26.1.0']);
});

test('arguments, standard input and the exit code pass through', async (t) => {
  const script = join(await createTempDir(t), 'script.mjs');
  await writeFile(
    script,
    'let text = ""; for await (const c of process.stdin) text += c;' +
      'console.log(JSON.stringify([text, process.argv.slice(2)])); process.exitCode = 7;',
  );
  const child = spawn(process.execPath, [WITH_NODE, script, 'a b', '--flag']);
  child.stdin.end('typed');
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const code = await new Promise((done) => child.once('close', done));
  assert.equal(code, 7);
  assert.deepEqual(JSON.parse(stdout), ['typed', ['a b', '--flag']]);
});

test('a signal reaches the script, and its end is told', { skip: process.platform === 'win32' }, async (t) => {
  const script = join(await createTempDir(t), 'script.mjs');
  await writeFile(
    script,
    'process.on("SIGTERM", () => { console.log("told"); process.exit(5); }); console.log("up"); setInterval(() => {}, 1000);',
  );
  const child = spawn(process.execPath, [WITH_NODE, script]);
  let stdout = '';
  const up = new Promise<void>((ready) =>
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      ready();
    }),
  );
  await up;
  child.kill('SIGTERM');
  assert.equal(await new Promise((done) => child.once('close', done)), 5);
  assert.equal(stdout, 'up\ntold\n');
});

test('a script killed by a signal ends the caller by the same signal', {
  skip: process.platform === 'win32',
}, async () => {
  const child = spawn(process.execPath, [WITH_NODE, '-e', 'process.kill(process.pid, "SIGKILL")']);
  const signal = await new Promise((done) => child.once('close', (_code, name) => done(name)));
  assert.equal(signal, 'SIGKILL');
});
