import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../contracts/secret.ts';
import { type AttemptVerdict, createModelHealth } from './model-health.ts';

const TARGET = { provider: 'p', model: 'm', weight: 1 };
const BREAKER = { failures: 2, openMs: 1_000 };

function bench() {
  let nowMs = 0;
  const health = createModelHealth({ monotonicMs: () => nowMs });
  return {
    health,
    pass: (ms: number) => {
      nowMs += ms;
    },
    attempt: (verdict: AttemptVerdict) => health.admit(TARGET, BREAKER).ended(verdict),
    circuit: () => health.snapshot()[0]?.circuit,
  };
}

test('failures in a row open the circuit; an answer between them does not let them add up', () => {
  const { health, attempt, circuit } = bench();
  attempt('failed');
  attempt('answered');
  attempt('failed');
  assert.equal(health.closedForMs(TARGET), undefined);
  attempt('failed');
  assert.equal(health.closedForMs(TARGET), 1_000);
  assert.equal(circuit(), 'open');
});

test('after its time one attempt finds out, and nobody else is let through meanwhile', () => {
  const { health, attempt, pass, circuit } = bench();
  attempt('failed');
  attempt('failed');
  pass(1_000);
  assert.equal(circuit(), 'half-open');
  assert.equal(health.closedForMs(TARGET), undefined);
  const probe = health.admit(TARGET, BREAKER);
  assert.notEqual(health.closedForMs(TARGET), undefined);
  probe.began(5);
  assert.equal(circuit(), 'closed');
  assert.equal(health.closedForMs(TARGET), undefined);
});

test('a probe that fails opens it anew, one of which nothing can be said lets the next one try', () => {
  const { health, attempt, pass } = bench();
  attempt('failed');
  attempt('failed');
  pass(1_000);
  attempt('unknown');
  assert.equal(health.closedForMs(TARGET), undefined);
  attempt('failed');
  assert.equal(health.closedForMs(TARGET), 1_000);
});

test('an attempt that began before the circuit opened says nothing about what is after', () => {
  const { health, attempt } = bench();
  const old = health.admit(TARGET, BREAKER);
  attempt('failed');
  attempt('failed');
  old.ended('answered');
  assert.equal(health.closedForMs(TARGET), 1_000);
});

test('streams that break count, although their answers had begun', () => {
  const { health } = bench();
  for (let i = 0; i < 2; i++) {
    const ticket = health.admit(TARGET, BREAKER);
    ticket.began(1);
    ticket.ended('failed');
    ticket.ended('answered');
  }
  assert.equal(health.closedForMs(TARGET), 1_000);
});

test('a key is left alone for a while, unless the configuration was read anew', () => {
  const { health, pass } = bench();
  const key = { name: 'k', value: new Secret('s'), weight: 1, models: ['*'] };
  health.noteKey(TARGET, key, { reason: 'unauthorized', forMs: 500 });
  assert.deepEqual(health.key(TARGET, key).cooling, { reason: 'unauthorized', leftMs: 500 });
  assert.equal(health.key(TARGET, { ...key }).cooling, undefined);
  assert.equal(health.key({ ...TARGET, model: 'other' }, key).cooling, undefined);
  pass(500);
  assert.equal(health.key(TARGET, key).cooling, undefined);
  assert.deepEqual([health.isNews(key), health.isNews(key)], [true, false]);
});

test('names of models that clients make up do not pile up', () => {
  const { health } = bench();
  for (let i = 0; i < 5_000; i++) health.admit({ ...TARGET, model: `m${i}` }, BREAKER).ended('answered');
  const models = health.snapshot().map(({ model }) => model);
  assert.equal(models.length, 4_096);
  assert.equal(models.at(-1), 'm4999');
});
