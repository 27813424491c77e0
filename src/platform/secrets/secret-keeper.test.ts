import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { MARKER, startFakeManager, type Trouble } from '../../../test/support/secrets/fake-manager.ts';
import { startFakeVault } from '../../../test/support/secrets/vault.ts';
import type { Cleanup } from '../../../test/support/temp-dir.ts';
import { waitFor, within } from '../../../test/support/wait-for.ts';
import type { Log } from '../../contracts/log.ts';
import { Secret } from '../../contracts/secret.ts';
import {
  SecretFailure,
  type SecretFinding,
  type SecretRequest,
  type SecretSource,
  type VaultConfig,
} from '../../contracts/secret-managers.ts';
import { createSource } from './create-source.ts';
import { createSecretKeeper } from './secret-keeper.ts';

const TOKEN = 'hvs.planted-token-9c1d';

const configOf = (address: string, more: Partial<VaultConfig> = {}): VaultConfig => ({
  ...{ type: 'vault', address, auth: { type: 'token', token: new Secret(TOKEN) }, kvVersion: 2, namespace: undefined },
  ...{ ca: undefined, cacheMs: 60_000, timeoutMs: 1_000, fingerprint: address, ...more },
});
const readValue = (finding: SecretFinding | undefined): string | undefined =>
  finding?.type === 'value' ? finding.value : undefined;

/** A keeper over a source of the test's own, whose values and failures are set as it goes. */
function scripted(cleanup: Cleanup, cacheMs: number) {
  const values = new Map<string, string | SecretFailure>();
  const events = new EventEmitter();
  const reads: string[] = [];
  const lines: string[] = [];
  let skewMs = 0;
  const source: SecretSource = {
    name: 'vault',
    async read(path) {
      reads.push(path);
      events.emit('read', path);
      const value = values.get(path) ?? new SecretFailure('missing', `vault has nothing at ${path}`);
      if (typeof value !== 'string') throw value;
      return { value };
    },
    async [Symbol.asyncDispose]() {},
  };
  const keeper = createSecretKeeper({ createSource: () => source, now: () => Date.now() + skewMs, random: () => 0.5 });
  cleanup.after(() => keeper[Symbol.asyncDispose]());
  // Looking keeps no process alive, so the test has to.
  const alive = setInterval(() => {}, 1_000);
  cleanup.after(() => clearInterval(alive));
  const note = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const config = configOf('http://127.0.0.1:1', { cacheMs });
  return {
    ...{ keeper, values, reads, lines, log, events },
    request: (path: string): SecretRequest => ({ source: config, path }),
    later: (ms: number) => {
      skewMs += ms;
    },
  };
}

test('a value is kept for its time, and then read again', async (t) => {
  const { keeper, values, reads, request, later } = scripted(t, 60_000);
  values.set('a', 'one');
  const find = async () => readValue((await keeper.fetchAll([request('a')]))[0]);
  assert.equal(await find(), 'one');
  values.set('a', 'two');
  later(59_000);
  assert.equal(await find(), 'one');
  later(2_000);
  assert.equal(await find(), 'two');
  assert.equal(reads.length, 2);
});

test('the same value asked for by many at the same time is read once', async (t) => {
  const { keeper, values, reads, request } = scripted(t, 60_000);
  values.set('a', 'one');
  await Promise.all(Array.from({ length: 20 }, () => keeper.fetchAll([request('a'), request('a')])));
  assert.deepEqual(reads, ['a']);
});

test('a change is noticed without being asked, once for each value', async (t) => {
  const { keeper, values, request, log, events } = scripted(t, 5);
  values.set('a', 'one');
  const requests = [request('a')];
  await keeper.fetchAll(requests);
  const changes: string[] = [];
  keeper.follow(requests, {
    log,
    onChange: () => {
      changes.push('changed');
      void keeper.fetchAll(requests);
    },
  });
  for (let i = 0; i < 3; i++) await once(events, 'read');
  assert.deepEqual(changes, []);
  values.set('a', 'two');
  await waitFor('the change', () => changes.length > 0);
  for (let i = 0; i < 3; i++) await once(events, 'read');
  assert.deepEqual(changes, ['changed']);
});

test('while a manager is down the last value stays, it is said once, and its return is noticed', async (t) => {
  const { keeper, values, request, log, lines, events, reads } = scripted(t, 5);
  values.set('a', 'one').set('b', 'uno');
  const requests = [request('a'), request('b')];
  await keeper.fetchAll(requests);
  let changes = 0;
  keeper.follow(requests, { log, onChange: () => void changes++ });
  const down = new SecretFailure('timeout', 'vault did not answer in time');
  values.set('a', down).set('b', down);
  for (let i = 0; i < 6; i++) await once(events, 'read');
  assert.deepEqual((await keeper.fetchAll(requests)).map(readValue), ['one', 'uno']);
  assert.deepEqual(
    lines.map((line) => line.replace(/"path":"."/, '"path":"?"')),
    [
      'a secret cannot be fetched anew; the value before stays in force {"source":"vault","path":"?","reason":"vault did not answer in time"}',
    ],
  );
  values.set('a', 'two').set('b', 'uno');
  await waitFor(
    'the return',
    () => changes > 0 && lines.some((line) => line.startsWith('secrets can be fetched again')),
  );
  assert.ok(reads.length > 6);
});

test('what is not followed any more is not asked for any more', async (t) => {
  const { keeper, values, request, log, events, reads } = scripted(t, 5);
  values.set('a', 'one').set('b', 'uno');
  await keeper.fetchAll([request('a'), request('b')]);
  const watcher = { log, onChange: () => undefined };
  keeper.follow([request('a'), request('b')], watcher);
  keeper.follow([request('b')], watcher);
  const before = reads.length;
  for (let i = 0; i < 4; i++) await once(events, 'read');
  assert.deepEqual([...new Set(reads.slice(before))], ['b']);
});

test('one that is down is not asked for each of a hundred values', async (t) => {
  const { keeper, reads, request, values } = scripted(t, 60_000);
  for (let i = 0; i < 100; i++) values.set(`p${i}`, new SecretFailure('timeout', 'vault did not answer in time'));
  const findings = await keeper.fetchAll(Array.from({ length: 100 }, (_, i) => request(`p${i}`)));
  assert.ok(findings.every(({ type }) => type === 'failed'));
  assert.ok(reads.length <= 8, String(reads.length));
});

const TROUBLES: readonly (readonly [Trouble, RegExp])[] = [
  [{ type: 'status', status: 403 }, /^vault refused to give secret\/a \(403\)$/],
  [{ type: 'status', status: 404 }, /^vault has nothing at secret\/a$/],
  [{ type: 'status', status: 400 }, /^vault did not understand the request for secret\/a \(400\)$/],
  [{ type: 'status', status: 429, retryAfterS: 60 }, /^vault takes no more requests for now$/],
  [{ type: 'status', status: 503, retryAfterS: 60 }, /^vault failed to give secret\/a \(503\)$/],
  [{ type: 'hang' }, /^vault did not answer in time$/],
  [{ type: 'truncated' }, /^vault cannot be reached \(\w+\)$/],
  [{ type: 'reset' }, /^vault cannot be reached \(\w+\)$/],
  [{ type: 'huge' }, /^vault answered with more than 2097152 bytes$/],
  [{ type: 'garbage' }, /^vault gave an answer that cannot be read$/],
];

for (const [trouble, expected] of TROUBLES)
  test(`told without a word of the answer or the token: ${JSON.stringify(trouble)}`, async (t) => {
    const fake = await startFakeManager(t, () => ({ status: 200, body: {} }));
    fake.trouble = { what: trouble, path: /secret\/data/ };
    const keeper = createSecretKeeper({
      ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
    });
    t.after(() => keeper[Symbol.asyncDispose]());
    const [finding] = await keeper.fetchAll([
      { source: configOf(fake.origin, { timeoutMs: trouble.type === 'hang' ? 200 : 5_000 }), path: 'secret/a' },
    ]);
    assert.ok(finding?.type === 'failed');
    assert.match(finding.message, expected);
    const told = JSON.stringify(finding);
    assert.ok(!told.includes(MARKER) && !told.includes(TOKEN), told);
  });

test('closing ends what is under way, however long it would have taken', async (t) => {
  const fake = await startFakeManager(t, () => ({ status: 200, body: {} }));
  fake.trouble = { what: { type: 'hang' } };
  const keeper = createSecretKeeper({
    ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
  });
  const fetching = keeper.fetchAll([{ source: configOf(fake.origin, { timeoutMs: 86_400_000 }), path: 'secret/a' }]);
  await waitFor('the request', () => fake.calls.length > 0);
  await keeper[Symbol.asyncDispose]();
  assert.equal((await within('the end', fetching))[0]?.type, 'failed');
});

test('a redirect is not followed: the token goes to nobody else', async (t) => {
  const elsewhere = await startFakeManager(t, () => ({ status: 200, body: { data: { data: { key: 'evil' } } } }));
  const fake = await startFakeManager(t, () => ({ status: 200, body: {} }));
  fake.trouble = { what: { type: 'redirect', to: `${elsewhere.origin}/v1/secret/data/a` } };
  const keeper = createSecretKeeper({
    ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
  });
  t.after(() => keeper[Symbol.asyncDispose]());
  const [finding] = await keeper.fetchAll([{ source: configOf(fake.origin), path: 'secret/a' }]);
  assert.ok(finding?.type === 'failed' && /redirect/.test(finding.message), JSON.stringify(finding));
  assert.deepEqual(elsewhere.calls, []);
});

test('what passes by itself is tried again within the limit of time', async (t) => {
  const vault = await startFakeVault(t);
  vault.write('secret/a', { key: 'x' });
  const auth = { type: 'token', token: new Secret(vault.issue()) } as const;
  for (const what of [
    { type: 'status', status: 429, retryAfterS: 0 },
    { type: 'status', status: 503 },
    { type: 'reset' },
  ] as const) {
    const keeper = createSecretKeeper({
      ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
    });
    t.after(() => keeper[Symbol.asyncDispose]());
    vault.trouble = { what, path: /secret\/data/, times: 2 };
    const [finding] = await keeper.fetchAll([
      { source: configOf(vault.origin, { auth, timeoutMs: 5_000 }), path: 'secret/a' },
    ]);
    assert.equal(readValue(finding), '{"key":"x"}', JSON.stringify({ what, finding }));
  }
});
