import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { type BuiltCommand, buildWorkerCommand, findWorker } from './worker-command.ts';

const worker = findWorker() ?? '';
const path = process.env.PATH;
const skip = worker === '' && 'the worker is not installed on this platform';
/** Installed is not enough: a container may forbid user namespaces. */
const isBoxable = worker !== '' && tryBox();
const skipBox = skip || (!isBoxable && 'bubblewrap is not installed, or does not work here');

function build(outer: 'auto' | 'none' | 'bwrap', looksIn = path): BuiltCommand {
  return buildWorkerCommand({ worker, outer, maxAddressSpaceBytes: 1 << 30, path: looksIn });
}

function tryBox(): boolean {
  const command = build('auto');
  command[Symbol.dispose]();
  return command.isBoxed;
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const descendantsOf = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(descendantsOf)];
const isWorker = (pid: number): boolean => {
  const [file] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return file === worker || file === '/worker';
};

/** The process id of the worker itself, as the system outside sees it. */
async function start(t: TestContext, command: BuiltCommand): Promise<{ pid: number; child: ChildProcess }> {
  const child = spawn(command.file, command.args, { cwd: command.cwd, env: {}, stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(async () => {
    child.stdin?.end();
    child.kill('SIGKILL');
    await waitFor('its end', () => child.exitCode !== null || child.signalCode !== null);
    command[Symbol.dispose]();
  });
  let found: number | undefined;
  await waitFor('the worker', () => {
    found = descendantsOf(child.pid ?? 0).find(isWorker);
    return found !== undefined;
  });
  return { pid: found ?? 0, child };
}

test('a worker has bounds of the system, an empty folder and no environment', { skip }, async (t) => {
  for (const outer of ['none', 'auto'] as const) {
    const command = build(outer);
    const { pid } = await start(t, command);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    assert.match(limits, /Max address space +1073741824 /);
    assert.match(limits, /Max open files +32 /);
    assert.match(limits, /Max core file size +0 /);
    assert.match(limits, /Max file size +0 /);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    assert.deepEqual(
      environment.filter((each) => !each.startsWith('PWD=')),
      [],
    );
    assert.deepEqual(readdirSync(command.cwd), []);
  }
});

test('in its box a worker has a network, processes and files of its own, and ends with whoever started it', {
  skip: skipBox,
}, async (t) => {
  const { pid, child } = await start(t, build('bwrap'));
  // All files that it could open.
  const seen = join('/proc', String(pid), 'root');
  assert.deepEqual(
    readdirSync(seen).filter((name) => !['lib', 'lib64', 'usr'].includes(name)),
    ['worker'],
  );
  assert.deepEqual(
    readdirSync(join(seen, 'usr')).filter((name) => !name.startsWith('lib')),
    [],
  );
  for (const kind of ['net', 'pid', 'mnt', 'ipc', 'uts', 'user'])
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /CapEff:\t0+\n/);
  child.kill('SIGKILL');
  await waitFor('its end', () => !existsSync(`/proc/${pid}`));
});

test('a box that is asked for and cannot be had is an error that says what to do; left to itself, it goes without', {
  skip,
}, () => {
  assert.throws(() => build('bwrap', '/nowhere'), /bwrap is not installed; install bubblewrap, or set it to auto/);
  for (const command of [build('auto', '/nowhere'), build('none')]) {
    assert.equal(command.isBoxed, false);
    assert.ok(existsSync(command.cwd));
    command[Symbol.dispose]();
    assert.ok(!existsSync(command.cwd));
  }
});
