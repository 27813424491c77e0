import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHintsOf } from '../domain/policy/tool-hints.ts';
import { ofAgent } from './explain-agent.ts';

const AGENT = {
  mode: 'on',
  auto: ['files'],
  onlyIf: ['readOnly'],
  maxRounds: 1,
  maxCalls: 1,
  maxDurationMs: 1_000,
} as const;

test('why agent mode runs a tool, or leaves it to the caller, is said', () => {
  const hintsOf = createHintsOf([]);
  const explain = (serverId: string, definition: string | undefined, agent: typeof AGENT | undefined = AGENT) => {
    const caller = { keyId: 'k', keyName: 'k', grant: { allow: ['*'], deny: [], agent }, expiresAtMs: undefined };
    const target = { kind: 'tool', serverId, name: 'x', definition, isFoundBy: () => true };
    return ofAgent(caller as never, target as never, hintsOf).map(({ verdict, reason }) => `${verdict}: ${reason}`);
  };
  const readOnly = '{"annotations":{"readOnlyHint":true}}';
  assert.deepEqual(explain('files', readOnly), ['passes: agent mode: the gateway may run it by itself']);
  assert.match(explain('mail', readOnly).join(), /^not-concerned: .*"auto"/);
  assert.match(explain('files', '{}').join(), /^not-concerned: .*read-only/);
  assert.match(explain('files', undefined).join(), /^unknown: /);
  assert.deepEqual(ofAgent({ grant: { allow: [], deny: [] } } as never, {} as never, hintsOf), []);
});
