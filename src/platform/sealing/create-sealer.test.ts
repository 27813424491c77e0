import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SealKey } from '../../contracts/sealing.ts';
import { createSealer } from './create-sealer.ts';
import { openSealKeyFile } from './key-file.ts';

const key = (id: string): SealKey => ({ id, bytes: randomBytes(32) });
const sealerOf = (current: SealKey, ...older: SealKey[]) =>
  createSealer({ current, find: (id) => [current, ...older].find((known) => known.id === id) });

test('what was sealed opens again where it was bound to, and nowhere else', () => {
  const sealer = sealerOf(key('a'));
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (plain, bound, other) => {
      const sealed = sealer.seal(plain, bound);
      assert.equal(sealer.open(sealed, bound), plain);
      if (other !== bound) assert.equal(sealer.open(sealed, other), undefined);
    }),
    { numRuns: 200 },
  );
});

test('a sealed text has one spelling: any change of a character, an addition or an omission is refused', () => {
  const sealer = sealerOf(key('a'));
  const sealed = sealer.seal('{"state":1}', 'x');
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    assert.equal(sealer.open(changed, 'x'), undefined, `at ${at}`);
  }
  for (const changed of [
    `${sealed}A`,
    `${sealed}=`,
    ` ${sealed}`,
    `${sealed}.`,
    sealed.slice(0, -1),
    '',
    'v1.a.',
    'v1',
  ])
    assert.equal(sealer.open(changed, 'x'), undefined, changed);
});

test('what an older key sealed still opens while it is known, and not afterwards', () => {
  const old = key('old');
  const sealed = sealerOf(old).seal('s', 'x');
  assert.equal(sealerOf(key('new'), old).open(sealed, 'x'), 's');
  assert.equal(sealerOf(key('new')).open(sealed, 'x'), undefined);
  assert.equal(sealerOf(key('old')).open(sealed, 'x'), undefined, 'another key of the same name');
});

test('the key file is made once, for its owner only; what is no key is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-seal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const first = openSealKeyFile(folder);
  const path = join(folder, 'seal.key');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const text = readFileSync(path, 'utf8');
  assert.deepEqual(openSealKeyFile(folder), first);
  assert.equal(readFileSync(path, 'utf8'), text);
  writeFileSync(path, 'short');
  assert.throws(() => openSealKeyFile(folder), /holds no sealing key/);
});
