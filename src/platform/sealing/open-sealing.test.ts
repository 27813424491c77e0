import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import type { SealingConfig } from '../../contracts/config-sections.ts';
import { Secret } from '../../contracts/secret.ts';
import { createSealer } from './create-sealer.ts';
import { openSealKeyFile } from './key-file.ts';
import { openSealing, refuseWithoutMasterKey } from './open-sealing.ts';
import { keysOf } from './seal-key.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const configOf = (masterKeys: readonly string[], requireMasterKey = false): SealingConfig => ({
  ...{ masterKeys: masterKeys.map((key) => new Secret(key)), requireMasterKey },
});

async function opener(t: TestContext) {
  const dataDir = await createTempDir(t);
  const open = (...masterKeys: readonly string[]) =>
    openSealing({ dataDir, config: masterKeys.length === 0 ? undefined : configOf(masterKeys), isShared: false });
  return { dataDir, open };
}

test('what is stored opens again where it was bound to, and nowhere else, and never twice looks alike', async (t) => {
  const { open } = await opener(t);
  const { forRecords } = open(newKey());
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (plain, bound, other) => {
      const sealed = forRecords.seal(plain, bound);
      assert.equal(forRecords.open(sealed, bound), plain);
      if (other !== bound) assert.equal(forRecords.open(sealed, other), undefined);
      assert.notEqual(forRecords.seal(plain, bound).split('.')[2], sealed.split('.')[2], 'a data key each');
    }),
    { numRuns: 100 },
  );
});

test('any change of a stored text is noticed, in its key or in itself', async (t) => {
  const { open } = await opener(t);
  const { forRecords } = open(newKey());
  const sealed = forRecords.seal('{"token":1}', 'x');
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    assert.equal(forRecords.open(changed, 'x'), undefined, `at ${at}`);
  }
  const [version, id, wrapped] = sealed.split('.');
  const [, , , body] = forRecords.seal('other', 'x').split('.');
  assert.equal(forRecords.open([version, id, wrapped, body].join('.'), 'x'), undefined, 'the data key of another');
  for (const text of ['', 'v2', 'v2...', `${sealed}.`, `${sealed}=`, ` ${sealed}`])
    assert.equal(forRecords.open(text, 'x'), undefined, text);
});

test('a rotation changes the key around a text, and not the text; then the old master is not needed', async (t) => {
  const { open } = await opener(t);
  const [first, second] = [newKey(), newKey()];
  const sealed = open(first).forRecords.seal('s', 'x');
  assert.equal(open(second).forRecords.open(sealed, 'x'), undefined);
  assert.deepEqual(open(second).forRecords.rewrap(sealed, 'x'), { type: 'unknown' });
  const both = open(second, first).forRecords;
  assert.equal(both.open(sealed, 'x'), 's');
  const done = both.rewrap(sealed, 'x');
  assert.ok(done.type === 'rewrapped');
  assert.equal(done.sealed.split('.')[3], sealed.split('.')[3]);
  assert.deepEqual(both.rewrap(done.sealed, 'x'), { type: 'current' });
  assert.equal(open(second).forRecords.open(done.sealed, 'x'), 's');
  assert.equal(open(first).forRecords.open(done.sealed, 'x'), undefined);
});

test('what the key file sealed, before and since there are envelopes, opens under a master key and moves to it', async (t) => {
  const { dataDir, open } = await opener(t);
  const old = createSealer(keysOf(openSealKeyFile(dataDir), [])).seal('old', 'x');
  const byFile = open().forRecords;
  const newer = byFile.seal('newer', 'x');
  assert.equal(byFile.open(old, 'x'), 'old');
  const master = newKey();
  const { forRecords } = open(master);
  for (const [sealed, plain] of [
    [old, 'old'],
    [newer, 'newer'],
  ] as const) {
    assert.equal(forRecords.open(sealed, 'x'), plain);
    const done = forRecords.rewrap(sealed, 'x');
    assert.ok(done.type === 'rewrapped');
    assert.equal(
      openSealing({ dataDir: `${dataDir}/none`, config: configOf([master]), isShared: true }).forRecords.open(
        done.sealed,
        'x',
      ),
      plain,
    );
  }
});

test('with a master key no key file is made, and replicas open what clients carry between them', async (t) => {
  const { dataDir, open } = await opener(t);
  const elsewhere = await opener(t);
  const [first, second] = [newKey(), newKey()];
  const sealed = open(first).forClients.seal('s', 'x');
  assert.ok(!existsSync(join(dataDir, 'seal.key')));
  assert.equal(elsewhere.open(first).forClients.open(sealed, 'x'), 's');
  assert.equal(elsewhere.open(second, first).forClients.open(sealed, 'x'), 's', 'while keys change');
  assert.equal(elsewhere.open(second).forClients.open(sealed, 'x'), undefined);
  assert.equal(open(first).forRecords.open(sealed, 'x'), undefined, 'other uses have other keys');
});

test('what clients carried away before there was a master key still opens', async (t) => {
  const { open } = await opener(t);
  const sealed = open().forClients.seal('s', 'x');
  assert.equal(open(newKey()).forClients.open(sealed, 'x'), 's');
});

test('without a master key nothing is stored where one is asked for, or where the store is shared', async (t) => {
  const dataDir = await createTempDir(t);
  for (const options of [
    { config: configOf([], true), isShared: false },
    { config: undefined, isShared: true },
    { config: configOf([]), isShared: true },
  ]) {
    assert.match(refuseWithoutMasterKey(options) ?? '', /master key.*openssl rand -base64 32/);
    const { forRecords } = openSealing({ dataDir, ...options });
    assert.match(forRecords.refusal() ?? '', /master key/);
    assert.throws(() => forRecords.seal('s', 'x'), /master key/);
  }
  assert.equal(refuseWithoutMasterKey({ config: undefined, isShared: false }), undefined);
  assert.equal(refuseWithoutMasterKey({ config: configOf([newKey()], true), isShared: true }), undefined);
});

test('a master key that changes while the gateway runs seals at once; the one before opens until the end', async (t) => {
  const { open } = await opener(t);
  const [first, second] = [newKey(), newKey()];
  const sealing = open(first);
  const sealed = sealing.forRecords.seal('s', 'x');
  const carried = sealing.forClients.seal('c', 'x');
  sealing.use(configOf([second]));
  assert.equal(sealing.forRecords.open(sealed, 'x'), 's');
  assert.equal(sealing.forClients.open(carried, 'x'), 'c');
  assert.equal(open(second).forRecords.open(sealing.forRecords.seal('new', 'x'), 'x'), 'new');
  sealing.use(configOf([], true));
  assert.match(sealing.forRecords.refusal() ?? '', /no master key/);
  assert.equal(sealing.forRecords.open(sealed, 'x'), 's');
});
