import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DefinitionPolicy, DefinitionRecord, Finding } from '../../contracts/definitions.ts';
import {
  approveDefinition,
  DEFAULT_POLICY,
  decideDefinition,
  decideShown,
  rejectDefinition,
} from './decide-definition.ts';

const HIGH: Finding = { rule: 'override', severity: 'high', place: 'description', excerpt: 'x' };

interface Options {
  readonly policy?: Partial<DefinitionPolicy>;
  readonly findings?: readonly Finding[];
  readonly turned?: boolean;
}

const decide = (known: DefinitionRecord | undefined, hash: string, options: Options = {}) =>
  decideDefinition(
    known,
    {
      ref: { serverId: 's', kind: 'tool', name: 't' },
      version: { hash, text: `"${hash}"`, atMs: 1 },
      findings: options.findings ?? [],
      turnedSuspicious: options.turned ?? false,
    },
    { ...DEFAULT_POLICY, ...options.policy },
  );

/** State, reason, hash in force, the other hash, event. */
const brief = ({ record, event }: ReturnType<typeof decide>) =>
  [record.state, record.reason, record.pinned?.hash, record.other?.hash, event].map((each) => each ?? '-').join(' ');

const pinned = decide(undefined, 'a').record;
const ok = (record: DefinitionRecord | undefined): DefinitionRecord => {
  assert.ok(record !== undefined);
  return record;
};

test('first sight: pinned, or held by policy or for what was found', () => {
  assert.equal(brief(decide(undefined, 'a')), 'pinned - a - pinned');
  assert.equal(brief(decide(undefined, 'a', { findings: [HIGH] })), 'pinned - a - pinned');
  assert.equal(brief(decide(undefined, 'a', { policy: { onFirstSight: 'hold' } })), 'held first-sight - a held');
  const strict = { policy: { onFindings: 'hold' }, findings: [HIGH] } as const;
  assert.equal(brief(decide(undefined, 'a', strict)), 'held findings - a held');
});

test('a change: marked, held, or taken', () => {
  assert.equal(brief(decide(pinned, 'b')), 'changed - b a changed');
  assert.equal(brief(decide(pinned, 'b', { turned: true })), 'held findings a b held');
  assert.equal(brief(decide(pinned, 'b', { policy: { onChange: 'hold' } })), 'held change a b held');
  assert.equal(brief(decide(pinned, 'b', { policy: { onChange: 'allow' }, turned: true })), 'pinned - b - changed');
});

test('the same again is no news, and going back is noted', () => {
  const states = [
    pinned,
    decide(pinned, 'b').record,
    decide(pinned, 'b', { policy: { onChange: 'hold' } }).record,
    decide(undefined, 'a', { policy: { onFirstSight: 'hold' } }).record,
  ];
  const held = { policy: { onChange: 'hold', onFirstSight: 'hold' } } as const;
  assert.equal(decide(states[0], 'a').record, states[0]);
  assert.equal(decide(states[1], 'b', held).record, states[1]);
  assert.equal(decide(states[2], 'b', held).record, states[2]);
  assert.equal(decide(states[3], 'a', held).record, states[3]);
  assert.equal(brief(decide(states[1], 'a')), 'pinned - a - restored');
  assert.equal(brief(decide(states[2], 'a')), 'pinned - a - restored');
  assert.equal(brief(decide(decide(states[1], 'c').record, 'd')), 'changed - d a changed', 'against what was approved');
});

test('approving and rejecting: every state has a way out, and back', () => {
  const changed = decide(pinned, 'b').record;
  const held = decide(undefined, 'a', { policy: { onFirstSight: 'hold' } }).record;
  assert.equal(approveDefinition(changed)?.pinned?.hash, 'b');
  assert.equal(approveDefinition(held)?.state, 'pinned');
  assert.equal(approveDefinition(ok(approveDefinition(held))), undefined);
  const back = ok(rejectDefinition(changed));
  assert.deepEqual([back.state, back.pinned?.hash, back.other?.hash], ['rejected', 'a', 'b']);
  assert.equal(brief(decide(back, 'b')), 'rejected - a b -');
  assert.equal(brief(decide(back, 'c')), 'held rejected-before a c held', 'nothing slips in after a rejection');
  const gone = ok(rejectDefinition(pinned));
  assert.equal(
    decideShown(gone, 'a', () => true),
    'nothing',
  );
  assert.equal(approveDefinition(gone)?.pinned?.hash, 'a');
});

test('what a person rejected is never shown, whatever a server offers and the policy says', () => {
  const policies = fc.record({
    onFirstSight: fc.constantFrom('pin', 'hold'),
    onChange: fc.constantFrom('flag', 'hold', 'allow'),
    onFindings: fc.constantFrom('flag', 'hold'),
  } as const);
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), policies, fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      let record = pinned;
      for (const [hash, policy, turned] of before) record = decide(record, hash, { policy, turned }).record;
      const rejected = rejectDefinition(record);
      if (rejected === undefined) return;
      const refusedHash = rejected.other?.hash;
      record = rejected;
      for (const [hash, policy, turned] of after) {
        const verdict = decide(record, hash, { policy, turned });
        record = verdict.record;
        const shown = decideShown(record, hash, () => true);
        if (hash === refusedHash) assert.notEqual(shown, 'offered', brief(verdict));
        if (shown === 'offered') assert.equal(hash, rejected.pinned?.hash, brief(verdict));
      }
    }),
  );
});
