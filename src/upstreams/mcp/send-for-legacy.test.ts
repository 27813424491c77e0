import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { createSystemClock } from './clock.ts';
import { createSession } from './fixtures/keep-fixture.ts';
import { sendForLegacy } from './send-for-legacy.ts';

const URL_QUESTION = { method: 'elicitation/create', params: { mode: 'url', message: 'open', url: 'https://x.test/' } };
const FORM = { method: 'elicitation/create', params: { mode: 'form', message: 'm', requestedSchema: {} } };

function asks(inputRequests: object | undefined, state?: string): UpstreamReply {
  return {
    type: 'input-required',
    text: JSON.stringify({ resultType: 'input_required', inputRequests }),
    continuation: state === undefined ? undefined : { type: 'server-state', state },
  };
}
const DONE: UpstreamReply = { type: 'result', text: '{"content":[]}' };

interface Scene {
  readonly capabilities?: object;
  readonly version?: string;
  readonly reply?: string;
  readonly onSend?: (request: UpstreamRequest, round: number) => UpstreamReply;
}

async function play({ capabilities = { elicitation: {} }, version = '2025-11-25', reply, onSend }: Scene) {
  const asked: { method: string; params: { [key: string]: unknown } }[] = [];
  const told: string[] = [];
  const sent: UpstreamRequest[] = [];
  const peer: ClientPeer = {
    era: 'legacy',
    protocolVersion: version,
    info: undefined,
    capabilities: JSON.stringify(capabilities),
    session: createSession('s'),
    logLevel: undefined,
    progressToken: '"p"',
    notify: (_method, params) => void told.push(params ?? ''),
    async ask(method, params) {
      asked.push({ method, params: JSON.parse(params ?? '{}') });
      return { result: reply ?? '{"action":"accept"}' };
    },
  };
  const request: UpstreamRequest = {
    method: 'tools/call',
    params: '{"name":"t"}',
    name: 't',
    tool: undefined,
    keyId: 'k',
    peer,
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    repeatable: false,
    traceparent: undefined,
  };
  const outcome = sendForLegacy(
    {
      clock: createSystemClock(),
      questionTimeoutMs: 5_000,
      async send(each) {
        sent.push(each);
        return onSend?.(each, sent.length) ?? DONE;
      },
    },
    request,
  );
  return { outcome, asked, told, sent };
}

const failsWith = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test('answers go back under their keys, with the state of the server', async () => {
  const scene = await play({ onSend: (_request, round) => (round === 1 ? asks({ q: FORM }, 's1') : DONE) });
  assert.deepEqual(await scene.outcome, DONE);
  assert.equal(scene.sent[1]?.answers, '{"q":{"action":"accept"}}');
  assert.deepEqual(scene.sent[1]?.continues, { type: 'server-state', state: 's1' });
});

test('a URL is shown with an id of ours to a client that declared URLs, and to no other', async () => {
  const onSend = (_request: UpstreamRequest, round: number) => (round === 1 ? asks({ q: URL_QUESTION }) : DONE);
  const able = await play({ capabilities: { elicitation: { url: {} } }, onSend });
  assert.deepEqual(await able.outcome, DONE);
  assert.match(String(able.asked[0]?.params.elicitationId), /^[0-9a-f-]{36}$/);
  for (const scene of [
    await play({ onSend }),
    await play({ capabilities: { elicitation: { url: {} } }, version: '2025-06-18', onSend }),
  ]) {
    await assert.rejects(scene.outcome, failsWith('missing_capability'));
    assert.deepEqual(scene.asked, []);
  }
});

test('a client older than modes gets a form without one', async () => {
  const onSend = (_request: UpstreamRequest, round: number) => (round === 1 ? asks({ q: FORM }) : DONE);
  const scene = await play({ version: '2025-06-18', onSend });
  await scene.outcome;
  assert.equal(scene.asked[0]?.params.mode, undefined);
});

test('a server that never stops asking, or only wants the call again for ever, is given up', async () => {
  const asking = await play({ onSend: () => asks({ q: FORM }) });
  await assert.rejects(asking.outcome, failsWith('upstream_failed'));
  assert.equal(asking.asked.length, 8);
  const nothing = await play({ onSend: () => asks(undefined) });
  await assert.rejects(nothing.outcome, failsWith('upstream_failed'));
});

test('a server that only wants the call again gets it, with its state', async () => {
  const scene = await play({ onSend: (_request, round) => (round === 1 ? asks(undefined, 'later') : DONE) });
  assert.deepEqual(await scene.outcome, DONE);
  assert.deepEqual(scene.sent[1]?.continues, { type: 'server-state', state: 'later' });
  assert.deepEqual(scene.asked, []);
});

test('progress goes on growing over rounds', async () => {
  const scene = await play({
    onSend({ peer }, round) {
      for (const progress of [1, 2])
        peer.notify('notifications/progress', JSON.stringify({ progressToken: 'p', progress, total: 2 }));
      return round === 1 ? asks({ q: FORM }) : DONE;
    },
  });
  await scene.outcome;
  assert.deepEqual(
    scene.told.map((params) => (JSON.parse(params) as { progress: number }).progress),
    [1, 2, 3, 4],
  );
});
