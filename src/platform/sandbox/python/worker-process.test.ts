import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { buildWorkerCommand, findWorker } from './worker-command.ts';
import { startWorker } from './worker-process.ts';

const worker = findWorker() ?? '';
const skip = worker === '' && 'the worker is not installed on this platform';

/** Processes that work in the folder; only those of one start do. */
function processesIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

test('a worker that is ended while it starts, at whatever moment, leaves no process behind', { skip }, async (t) => {
  const command = buildWorkerCommand({ worker, outer: 'auto', maxAddressSpaceBytes: 1 << 30, path: process.env.PATH });
  t.after(() => command[Symbol.dispose]());
  t.diagnostic(command.isBoxed ? 'in a box' : 'without a box');
  for (let round = 0; round < 40; round++) {
    const started = Array.from({ length: 4 }, () => startWorker(command));
    // A box is made of several processes, one after the other, within a few milliseconds.
    await sleep(round % 10);
    for (const each of started) each.kill('enough');
  }
  await waitFor('the end of them all', () => processesIn(command.cwd).length === 0);
  assert.deepEqual(processesIn(command.cwd), []);
});
