import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller, Grant } from '../../contracts/caller.ts';
import { boundsKeys, mayUseKey } from './may-use-key.ts';

const ALL: Grant = { allow: ['*'], deny: [] };
const caller = (own: string[] | undefined, team?: string[]): Caller => ({
  ...{ keyId: 'k', keyName: 'k', grant: { ...ALL, providerKeys: own } },
  levels: [{ type: 'team', id: 't', name: 't', grant: { ...ALL, providerKeys: team }, limits: undefined }],
});

test('a key of a provider is used only where the key and every level above allow it', () => {
  assert.ok(mayUseKey(caller(undefined), 'openai', 'main'));
  assert.ok(mayUseKey(caller(['openai/*']), 'openai', 'main'));
  assert.ok(!mayUseKey(caller(['openai/other']), 'openai', 'main'));
  assert.ok(!mayUseKey(caller(['openai/*'], ['openai/other']), 'openai', 'main'));
  assert.ok(!mayUseKey(caller(['openai']), 'openai', 'main'), 'no slash, no key');
  assert.ok(boundsKeys(caller(undefined, ['x/*'])) && !boundsKeys(caller(undefined)));
});
