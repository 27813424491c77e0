import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant, Level } from '../../contracts/caller.ts';
import { mayExecuteAny } from './may-execute-any.ts';

const grant = (execute: Grant['execute']): Grant => ({ allow: ['*'], deny: [], execute });
const level = (execute: Grant['execute']): Level => ({
  ...{ type: 'team', id: 'team_1', name: 'one', grant: grant(execute), limits: undefined },
});

test('a key executes what nobody suggested only if it says so itself and no level above takes it away', () => {
  assert.equal(mayExecuteAny({ grant: grant(undefined) }), false);
  assert.equal(mayExecuteAny({ grant: grant('suggested') }), false);
  assert.equal(mayExecuteAny({ grant: grant(undefined), levels: [level('any')] }), false);
  assert.equal(mayExecuteAny({ grant: grant('any') }), true);
  assert.equal(mayExecuteAny({ grant: grant('any'), levels: [level(undefined), level('any')] }), true);
  assert.equal(mayExecuteAny({ grant: grant('any'), levels: [level('any'), level('suggested')] }), false);
});
