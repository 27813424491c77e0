import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertUsableNames } from '../../../test/support/model-api-names.ts';
import { exposedName } from './exposed-name.ts';

test('an ordinary tool is server, two underscores, name', () => {
  assert.equal(exposedName('github', 'create_issue'), 'github__create_issue');
});

test('long and odd names keep the budget, the alphabet and their difference', () => {
  const long = 'x'.repeat(80);
  assert.notEqual(exposedName('s', `${long}1`), exposedName('s', `${long}2`));
  assert.notEqual(exposedName('s', 'a.b'), exposedName('s', 'a/b'));
  assert.notEqual(exposedName('s', 'a.b'), exposedName('s', 'a_b'));
});

const serverId = fc
  .string({ unit: fc.constantFrom('a', 'b', '_', '-', '1'), minLength: 1, maxLength: 32 })
  .filter((id) => /^[a-z]/.test(id) && !id.includes('__') && !id.endsWith('_'));
const toolName = fc.string({ unit: fc.constantFrom('a', 'b', '_', '.', '/', 'é'), minLength: 1, maxLength: 128 });

test('every name fits what model APIs accept, and two tools never share one', () => {
  fc.assert(
    fc.property(serverId, toolName, serverId, toolName, (s1, t1, s2, t2) => {
      const one = exposedName(s1, t1);
      assertUsableNames([one]);
      if (s1 !== s2 || t1 !== t2) assert.notEqual(one, exposedName(s2, t2));
    }),
    { numRuns: 3000 },
  );
});
