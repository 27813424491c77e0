import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { createArgon2Hasher, DEFAULT_COST } from './argon2.ts';

const CHEAP = { memoryKib: 64, passes: 1, lanes: 1 };

test('a hash is argon2id with its parameters, another each time, and tells right from wrong', async () => {
  const hasher = createArgon2Hasher();
  const [one, two] = await Promise.all([hasher.hash('a password'), hasher.hash('a password')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.deepEqual([await hasher.verify(one, 'a password'), await hasher.verify(one, 'A password')], [true, false]);
});

test('hashes of other parameters are good and outdated', async () => {
  const old = await createArgon2Hasher(CHEAP).hash('a password');
  const hasher = createArgon2Hasher();
  assert.equal(await hasher.verify(old, 'a password'), true);
  assert.equal(hasher.isOutdated(old), true);
  assert.equal(createArgon2Hasher(CHEAP).isOutdated(old), false);
  for (const change of [{ passes: 3 }, { memoryKib: 65_536 }, { lanes: 2 }])
    assert.equal(createArgon2Hasher({ ...DEFAULT_COST, ...change }).isOutdated(await hasher.hash('x')), true);
  assert.equal(hasher.isOutdated('$2b$10$bcrypt'), true);
});

test('when too many wait, further ones are refused at once and those before are served', async () => {
  const hasher = createArgon2Hasher(CHEAP);
  const results = await Promise.allSettled(Array.from({ length: 64 }, () => hasher.hash('a password')));
  const refused = results.filter((each) => each.status === 'rejected');
  assert.equal(refused.length, 64 - 2 - 32);
  for (const { reason } of refused) assert.ok(reason instanceof GatewayError && reason.code === 'too_many');
  assert.ok(await hasher.hash('a password'));
});
