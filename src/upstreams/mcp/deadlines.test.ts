import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeadlines, type Deadlines } from './deadlines.ts';

/** Numbers due at some time, and the order in which sweeps found them due; `done` once all were. */
function createDues() {
  const due = new Map<string, number>();
  const swept: string[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  // The deadlines alone do not keep the process alive.
  const alive = setInterval(() => {}, 1_000);
  let sweeps = 0;
  const deadlines: Deadlines = createDeadlines((nowMs) => {
    sweeps++;
    for (const [name, dueMs] of [...due].sort(([, a], [, b]) => a - b)) {
      if (dueMs > nowMs) continue;
      due.delete(name);
      swept.push(name);
    }
    if (due.size === 0) {
      clearInterval(alive);
      resolve();
    }
    return Math.min(Number.POSITIVE_INFINITY, ...due.values());
  });
  return {
    swept,
    done,
    deadlines,
    sweeps: () => sweeps,
    add(name: string, inMs: number) {
      due.set(name, performance.now() + inMs);
      deadlines.cover(performance.now() + inMs);
    },
  };
}

describe('the deadlines of requests in flight', { timeout: 10_000 }, () => {
  it('are met one after the other, whatever the order in which they were made', async () => {
    const dues = createDues();
    dues.add('late', 60);
    dues.add('early', 5);
    dues.add('middle', 30);
    await dues.done;
    assert.deepEqual(dues.swept, ['early', 'middle', 'late']);
  });

  it('need one sweep where many are due together', async () => {
    const dues = createDues();
    const dueMs = performance.now() + 20;
    for (let i = 0; i < 1_000; i++) dues.add(`${i}`, dueMs - performance.now());
    await dues.done;
    assert.equal(dues.swept.length, 1_000);
    assert.ok(dues.sweeps() < 10, `${dues.sweeps()} sweeps`);
  });

  it('are met also when nothing was left in between', async () => {
    const dues = createDues();
    dues.add('a', 1);
    await dues.done;
    const { promise, resolve } = Promise.withResolvers<void>();
    const alive = setInterval(() => {
      if (dues.swept.length === 2) resolve();
    }, 2);
    dues.add('b', 1);
    await promise;
    clearInterval(alive);
    assert.deepEqual(dues.swept, ['a', 'b']);
  });

  it('are not longer than a timer can be', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sweeps = 0;
    const deadlines = createDeadlines(() => {
      sweeps++;
      return Number.POSITIVE_INFINITY;
    });
    deadlines.cover(performance.now() + 2 ** 40);
    setTimeout(resolve, 20);
    await promise;
    deadlines.stop();
    assert.equal(sweeps, 0);
  });
});
