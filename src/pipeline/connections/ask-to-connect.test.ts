import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../contracts/call.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import { renderUrlRequired, wayToAsk } from './ask-to-connect.ts';

const ask = async () => ({ result: '{}' });
const callOf = (peer: Partial<ClientPeer>, more: Partial<Call> = {}): Call =>
  ({
    ...{ kind: 'tools.call', surface: 'mcp', ...more },
    peer: { era: 'legacy', protocolVersion: '2025-11-25', capabilities: '{"elicitation":{"url":{}}}', ask, ...peer },
  }) as unknown as Call;

test('each client is asked in the way it understands, and whoever opens no addresses in words', () => {
  const modern = { era: 'modern', protocolVersion: '2026-07-28', ask: undefined } as const;
  assert.equal(wayToAsk(callOf({})), 'request');
  assert.equal(wayToAsk(callOf({ ask: undefined })), 'error');
  assert.equal(wayToAsk(callOf(modern)), 'questions');
  for (const capabilities of ['{}', '{"elicitation":{}}', '{"elicitation":{"form":{}}}', '{"elicitation":true}'])
    for (const peer of [{ capabilities }, { ...modern, capabilities }])
      assert.equal(wayToAsk(callOf(peer)), undefined, capabilities);
  assert.equal(wayToAsk(callOf({ protocolVersion: '2025-06-18' })), undefined, 'it came with 2025-11-25');
  for (const surface of ['models', 'execute', 'agent', 'code'] as const)
    assert.equal(wayToAsk(callOf({}, { surface })), undefined, surface);
});

test('only calls that may be answered with questions are', () => {
  for (const kind of ['tools.call', 'prompts.get', 'resources.read'] as const)
    assert.equal(wayToAsk(callOf({}, { kind })), 'request', kind);
  for (const kind of ['skills.get', 'directories.read'] as const)
    assert.equal(wayToAsk(callOf({}, { kind })), undefined, kind);
});

test('the error by which 2025-11-25 says it holds what the client needs to open the page', () => {
  const { code, data } = JSON.parse(renderUrlRequired('notes', 'https://gateway.example/connect/notes', 'id-1'));
  assert.equal(code, -32042);
  const [{ message, ...first }] = data.elicitations;
  assert.deepEqual(first, { mode: 'url', elicitationId: 'id-1', url: 'https://gateway.example/connect/notes' });
  assert.match(message, /an account of your own/);
});
