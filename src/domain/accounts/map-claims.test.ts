import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ROLES, type Role } from '../../contracts/admin.ts';
import { givenByClaims, personByClaims, roleByClaims } from './map-claims.ts';

const rule = (claim: string, value: string, gives: Role) => ({ claim, value, gives });

test('the most that any rule gives is the role, whatever the order', () => {
  const rules = [rule('groups', 'a', 'member'), rule('groups', 'b*', 'owner'), rule('groups', 'c', 'admin')];
  assert.equal(roleByClaims({ groups: ['a', 'c'] }, rules), 'admin');
  assert.equal(roleByClaims({ groups: ['a', 'bees'] }, rules), 'owner');
  assert.equal(roleByClaims({ groups: 'a' }, rules), 'member');
  assert.equal(roleByClaims({ groups: [] }, rules), undefined);
  assert.equal(roleByClaims({}, rules), undefined);
});

test('claims are found as they stand and as paths, and are texts, numbers or truth values', () => {
  const rules = [
    { claim: 'realm_access.roles', value: 'boss', gives: 'path' },
    { claim: 'https://example.com/roles', value: 'boss', gives: 'url' },
    { claim: 'staff', value: 'true', gives: 'boolean' },
    { claim: 'level', value: '7', gives: 'number' },
    { claim: 'a.b', value: 'x', gives: 'as it stands' },
  ];
  const claims = {
    realm_access: { roles: ['boss'] },
    'https://example.com/roles': ['boss'],
    staff: true,
    level: 7,
    'a.b': 'x',
    a: { b: 'y' },
  };
  assert.deepEqual(givenByClaims(claims, rules), ['path', 'url', 'boolean', 'number', 'as it stands']);
  assert.deepEqual(givenByClaims({ realm_access: { roles: [{ boss: true }, null, ['boss']] } }, rules), []);
  assert.deepEqual(givenByClaims({ realm_access: null, a: 'b' }, rules), []);
  assert.deepEqual(givenByClaims({}, [{ claim: 'constructor.name', value: 'Object', gives: 'x' }]), []);
});

test('whatever claims hold, a role comes only from a rule whose value is there', () => {
  const claims = fc.dictionary(fc.constantFrom('groups', 'roles'), fc.oneof(fc.jsonValue(), fc.array(fc.string())));
  const rules = fc.array(
    fc.record({
      claim: fc.constantFrom('groups', 'roles'),
      value: fc.string({ minLength: 1 }).filter((value) => !value.includes('*')),
      gives: fc.constantFrom(...ROLES),
    }),
  );
  fc.assert(
    fc.property(claims, rules, (given, all) => {
      const fits = all.filter(({ claim, value }) => {
        const held = Object.hasOwn(given, claim) ? given[claim] : undefined;
        return (Array.isArray(held) ? held : [held]).some(
          (each) => typeof each !== 'object' && String(each) === value && each !== undefined,
        );
      });
      const best = ROLES.find((role) => fits.some(({ gives }) => gives === role));
      assert.equal(roleByClaims(given, all), best);
    }),
  );
});

test('a person is named by what the provider says, without what could be mistaken on a screen', () => {
  const person = personByClaims(
    { preferred_username: ' a\u202eda\n', email: 'ada@example.com', email_verified: 'true', name: 7 },
    'sub-1',
  );
  assert.deepEqual(person, {
    names: ['ada', 'sub-1'],
    displayName: undefined,
    verifiedEmail: undefined,
  });
  const verified = personByClaims({ email: 'ada@example.com', email_verified: true }, 'sub-1');
  assert.deepEqual([verified.names, verified.verifiedEmail], [['ada@example.com', 'sub-1'], 'ada@example.com']);
  assert.deepEqual(personByClaims({ preferred_username: 'x'.repeat(201) }, 'sub').names, ['sub']);
});
