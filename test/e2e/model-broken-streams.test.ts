/** A provider that says in the middle of its stream that it failed: the client reads it, and the record does not say `ok`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTrail, startGateway } from '../support/gateway.ts';
import { startMockProvider } from '../support/providers/mock-provider.ts';
import { waitFor } from '../support/wait-for.ts';

const sse = (...events: object[]): string[] => events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
const named = (...events: { readonly type: string }[]): string[] =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  usage: { input_tokens: 1 },
};
const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', model: 'm', output: [] };
const chunk = (delta: object) => ({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta }] });

/** By provider: where its clients come in, what they send, and a stream that begins well and then fails. */
const STREAMS = {
  openai: {
    path: '/v1/chat/completions',
    body: { model: 'openai/m', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    pieces: sse(chunk({ content: 'Hello' }), { error: { message: 'overloaded', type: 'server_error', code: null } }),
  },
  responses: {
    path: '/v1/responses',
    body: { model: 'openai/m', stream: true, input: 'hi' },
    pieces: named(
      { type: 'response.created', ...{ sequence_number: 0, response: RESPONSE } },
      { type: 'response.output_text.delta', ...{ sequence_number: 1, item_id: 'i', output_index: 0, delta: 'Hello' } },
      { type: 'error', ...{ sequence_number: 2, code: 'server_error', message: 'overloaded', param: null } },
    ),
  },
  anthropic: {
    path: '/v1/messages',
    body: { model: 'anthropic/m', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
    pieces: named(
      { type: 'message_start', ...{ message: MESSAGE } },
      { type: 'content_block_start', ...{ index: 0, content_block: { type: 'text', text: '' } } },
      { type: 'content_block_delta', ...{ index: 0, delta: { type: 'text_delta', text: 'Hello' } } },
      { type: 'error', ...{ error: { type: 'overloaded_error', message: 'Overloaded' } } },
    ),
  },
  gemini: {
    path: '/v1beta/models/gemini/m:streamGenerateContent?alt=sse',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    pieces: sse(
      { candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Hello' }] } }] },
      { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } },
    ),
  },
};

for (const [name, { path, body, pieces }] of Object.entries(STREAMS))
  test(`${name}: words came, then an error: both reach the client, and the call has failed`, async (t) => {
    const mock = await startMockProvider({
      answer: () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: pieces }),
      renderFailure: () => '{}',
    });
    t.after(() => mock[Symbol.asyncDispose]());
    const apiKey = 'sk-mock-0123456789';
    const gateway = await startGateway(t, {
      config: {
        providers: {
          openai: { apiKey, baseUrl: `${mock.origin}/v1` },
          anthropic: { apiKey, baseUrl: mock.origin },
          gemini: { apiKey, baseUrl: mock.origin },
        },
      },
    });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` };
    const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.match(text, /Hello/);
    assert.match(text, /"error"/);
    const row = await waitFor('the call in the trail', async () =>
      (await readTrail(gateway.dataDir)).find(({ kind, result }) => kind === 'chat' && result !== undefined),
    );
    assert.notEqual(row.result, 'ok');
    assert.equal(mock.requests.length, 1, 'nobody is asked again once words have come');
  });
