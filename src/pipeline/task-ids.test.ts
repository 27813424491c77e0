import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Call } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import { createTaskIds } from './task-ids.ts';

/** Not secret, but bound: what is tested here is what we bind it to. */
const sealer = {
  seal: (plain: string, boundTo: string) => JSON.stringify([plain, boundTo]),
  open(sealed: string, boundTo: string) {
    const [plain, bound] = JSON.parse(sealed) as [string, string];
    return bound === boundTo ? plain : undefined;
  },
};
const call = (keyId: string, serverId: string, target: string, name = ''): Call =>
  ({ id: 'c1', name, facts: { caller: { keyId, keyName: keyId, grant: {} }, serverId, target } }) as unknown as Call;

test('an id leads its own key, and no other, back to server, tool, task and call', () => {
  const ids = createTaskIds({ sealer });
  const text = fc.string({ minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(text, text, text, text, text, (key, other, serverId, tool, ownId) => {
      const sealed = ids.seal(call(key, serverId, tool), ownId);
      assert.deepEqual(ids.open(call(key, '', '', sealed)), { serverId, tool, ownId, callId: 'c1' });
      if (other !== key) assert.equal(ids.open(call(other, '', '', sealed)), undefined);
    }),
  );
});

test('a server whose id of a task is empty, or longer than a header should be, gives no valid answer', () => {
  const ids = createTaskIds({ sealer });
  for (const ownId of ['', 'x'.repeat(1_025)])
    assert.throws(
      () => ids.seal(call('k', 's', 't'), ownId),
      (error) => error instanceof GatewayError && error.code === 'upstream_failed',
    );
});
