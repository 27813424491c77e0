import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kept, waitForNews } from './wait-for-news.ts';

/** Something that can change, and how many listen for it. */
function keep(first: string | undefined, failures = 0) {
  const listeners = new Set<(id: string) => void>();
  const state = { now: first, failures };
  const kept: Kept<string> = {
    async find() {
      if (state.failures-- > 0) throw new Error('the store is away');
      return state.now;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const tell = (now: string | undefined, id = 'a'): void => {
    state.now = now;
    for (const listener of listeners) listener(id);
  };
  return { kept, listeners, tell, state };
}

const PATIENT = { isOver: (value: string) => value === 'over', timeoutMs: 60_000 };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('whoever waits is told once it is over, of no other, and listens no more', async () => {
  const { kept, listeners, tell } = keep('begun');
  const { signal } = new AbortController();
  let seen: string | undefined;
  const waiting = waitForNews(kept, 'a', { ...PATIENT, signal }).then((value) => {
    seen = value;
  });
  tell('going on');
  tell('over', 'b');
  tell('still');
  await tick();
  assert.equal(seen, undefined);
  tell('over');
  await waiting;
  assert.deepEqual([seen, listeners.size], ['over', 0]);
  assert.equal(await waitForNews(kept, 'a', { ...PATIENT, signal }), 'over', 'it was before anybody listened');
});

test('what was seen last is told when it is gone, when the time is up, and when nobody waits any more', async () => {
  const { kept, listeners, tell } = keep('begun');
  const { signal } = new AbortController();
  assert.equal(await waitForNews(kept, 'a', { ...PATIENT, timeoutMs: 20, signal }), 'begun');
  const leaving = new AbortController();
  const left = waitForNews(kept, 'a', { ...PATIENT, signal: leaving.signal });
  await tick();
  leaving.abort();
  assert.equal(await left, 'begun');
  assert.equal(await waitForNews(kept, 'a', { ...PATIENT, signal: leaving.signal }), undefined);
  const gone = waitForNews(kept, 'a', { ...PATIENT, signal });
  await tick();
  tell(undefined);
  assert.equal(await gone, 'begun');
  assert.equal(listeners.size, 0);
});

test('a store that is away at the start is told, and later on waited for', async () => {
  const { signal } = new AbortController();
  const away = keep('begun', 1);
  await assert.rejects(waitForNews(away.kept, 'a', { ...PATIENT, signal }), /the store is away/);
  assert.equal(away.listeners.size, 0);
  const { kept, state, tell } = keep('begun');
  const waiting = waitForNews(kept, 'a', { ...PATIENT, signal });
  await tick();
  state.failures = 1;
  tell('over');
  await tick();
  tell('over');
  assert.equal(await waiting, 'over');
});
