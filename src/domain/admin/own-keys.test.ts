import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundShape } from '../../contracts/shapes/grant.ts';
import { decideOwnKey } from './own-keys.ts';

const bounded = [{ bounds: BoundShape.parse({ allow: ['github'] }) }, { bounds: undefined }];
const allowed = (...args: Parameters<typeof decideOwnKey>): boolean => decideOwnKey(...args).allowed;

test('whoever is in teams names one of their own, so that no key escapes the bounds of all', () => {
  assert.equal(allowed({ teams: ['a', 'b'] }, 'b', bounded), true);
  assert.equal(allowed({ teams: ['a', 'b'] }, undefined, bounded), false);
  assert.equal(allowed({ teams: ['a'] }, 'c', bounded), false);
  assert.equal(allowed({ teams: [] }, undefined, bounded), true);
});

test('nobody makes themselves a key that nothing bounds', () => {
  assert.equal(allowed({ teams: [] }, undefined, [{ bounds: undefined }]), false);
  assert.equal(allowed({ teams: [] }, undefined, []), false);
});
