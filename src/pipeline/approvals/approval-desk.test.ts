import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, VoteRequest } from '../../contracts/approvals.ts';
import type { CallIntent } from '../../contracts/trail.ts';
import { argumentsHash } from '../ledger/arguments-hash.ts';
import { createApprovalDesk } from './approval-desk.ts';

const PENDING: Approval = {
  ...{ id: 'apr_1', suggestionId: 'sug_1', runId: 'run', keyId: 'key_1', keyName: 'k', userId: 'user_a' },
  ...{ serverId: 's', target: 'pay', name: 's_pay', argumentsHash: 'h', sealedArguments: 'apr|{"n":1}' },
  ...{ definitionHash: 'd', rule: 'ask first', message: undefined, requestedAtMs: 0, expiresAtMs: 1_000 },
  ...{ state: 'pending', needed: 1, votes: [], edited: undefined, usedBy: undefined, version: 1 },
};

function desk(over: Partial<Approval> = {}, fourEyes = false, beforeReplace?: () => Promise<unknown>) {
  let stored: Approval = { ...PENDING, ...over };
  const rows: CallIntent[] = [];
  const withdrawn: string[] = [];
  let before = beforeReplace;
  const none = async () => undefined;
  const made = createApprovalDesk({
    approvals: {
      ...{ add: none as never, ofSuggestion: none, list: async () => [stored], expire: async () => [] },
      ...{ prune: async () => 0, onChange: () => () => {}, [Symbol.asyncDispose]: none as never },
      find: async (id) => (id === stored.id ? stored : undefined),
      async replace(next, expected) {
        const first = before;
        before = undefined;
        await first?.();
        if (stored.version !== expected) return false;
        stored = { ...next, version: expected + 1 };
        return true;
      },
    },
    suggestions: { ofRun: async () => [], withdraw: async (id) => withdrawn.push(id) > 0 },
    sealer: { seal: (text) => `apr|${text}`, open: (text) => text.slice(4), refusal: () => undefined },
    trail: { record: (intent) => void rows.push(intent) },
    ...{ config: () => ({ fourEyes }), now: () => 10 },
  });
  return { ...made, rows, withdrawn, stored: () => stored };
}

const by = (id: string, over: Partial<VoteRequest> = {}): VoteRequest => ({
  ...{ id: 'apr_1', approver: { type: 'user', id, name: id }, via: 'api', vote: 'approve' },
  ...{ reason: undefined, edited: undefined, ...over },
});

test('one approval is enough where four eyes are not asked for, and stands in the trail with who gave it', async () => {
  const { vote, rows, stored } = desk();
  assert.equal((await vote(by('user_a'))).type, 'counted');
  assert.equal(stored().state, 'approved');
  assert.equal(rows[0]?.kind, 'approval.approved');
  assert.match(rows[0]?.arguments ?? '', /"approver":\{"type":"user","id":"user_a"/);
});

test('a rejection withdraws what was suggested, and a later approval does not count', async () => {
  const { vote, withdrawn } = desk();
  await vote(by('user_b', { vote: 'reject', reason: 'no' }));
  assert.deepEqual(withdrawn, ['sug_1']);
  const late = await vote(by('user_c'));
  assert.ok(late.type === 'refused' && late.refusal === 'not-pending');
});

test('under four eyes nobody approves what they called for, and the same person counts once', async () => {
  const own = await desk({}, true).vote(by('user_a'));
  assert.ok(own.type === 'refused' && own.refusal === 'own');
  const { vote, stored } = desk({ userId: undefined, needed: 2 }, true);
  await vote(by('user_b'));
  assert.equal(stored().state, 'pending');
  const again = await vote(by('user_b'));
  assert.ok(again.type === 'refused' && again.refusal === 'twice');
  await vote(by('user_c'));
  assert.equal(stored().state, 'approved');
});

test('two who vote at once are both counted', async () => {
  const both = desk({ userId: undefined, needed: 2 }, true, () => both.vote(by('user_c')));
  await both.vote(by('user_b'));
  assert.deepEqual(
    both.stored().votes.map(({ approver }) => approver.id),
    ['user_c', 'user_b'],
  );
  assert.equal(both.stored().state, 'approved');
  assert.equal(new Set(both.rows.map(({ id }) => id)).size, 2);
});

test('edited arguments are kept sealed, and only where they are one plain object', async () => {
  const { vote, stored, inspect } = desk();
  for (const edited of ['[1]', '{', '{"a":1,"a":2}', 'null']) {
    const bad = await vote(by('user_b', { edited }));
    assert.ok(bad.type === 'refused' && bad.refusal === 'bad-arguments', edited);
  }
  await vote(by('user_b', { edited: '{"n":2}' }));
  assert.equal(stored().edited?.argumentsHash, argumentsHash('{"n":2}'));
  const seen = await inspect('apr_1');
  assert.deepEqual([seen?.arguments, seen?.editedArguments], ['{"n":1}', '{"n":2}']);
});

test('what does not exist, or is too late, cannot be voted on', async () => {
  const unknown = await desk().vote(by('user_b', { id: 'apr_2' }));
  assert.ok(unknown.type === 'refused' && unknown.refusal === 'unknown');
  const late = await desk({ expiresAtMs: 5 }).vote(by('user_b'));
  assert.ok(late.type === 'refused' && late.refusal === 'not-pending');
});
