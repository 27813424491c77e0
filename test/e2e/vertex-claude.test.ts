/** Claude on Vertex through the gateway: Anthropic's SDK on the passing lane, Google's SDK translated. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { startGateway } from '../support/gateway.ts';
import { startGeminiMock, VERTEX_PROJECT } from '../support/providers/gemini.ts';

const KEY = 'pck_e2e_claude_0123456789abcdef';
const MODEL = 'vertex/claude-opus-4-6@20260101';

test('Claude on Vertex answers both SDKs, whole, streamed and counted', { timeout: 60_000 }, async (t) => {
  const mock = await startGeminiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const gateway = await startGateway(t, {
    config: {
      providers: {
        vertex: {
          ...{ baseUrl: mock.origin, project: VERTEX_PROJECT, location: 'us-east5' },
          serviceAccount: mock.serviceAccount,
        },
      },
      keys: [{ name: 'e2e', value: KEY, allow: ['model:*/*'] }],
    },
  });
  const home = `/v1/projects/${VERTEX_PROJECT}/locations/us-east5/publishers/anthropic/models`;
  const anthropic = new Anthropic({ apiKey: KEY, baseURL: gateway.url, maxRetries: 0 });
  const ask = { model: MODEL, max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] };

  const message = await anthropic.messages.create(ask);
  assert.match(JSON.stringify(message.content), /Claude was told .*Hello/);
  assert.equal(mock.requests.at(-1)?.path, `${home}/claude-opus-4-6@20260101:rawPredict`);
  assert.deepEqual(mock.requests.at(-1)?.json, {
    ...{ max_tokens: 64, messages: ask.messages, anthropic_version: 'vertex-2023-10-16' },
  });

  const streamed = await anthropic.messages.stream(ask).finalMessage();
  assert.match(JSON.stringify(streamed.content), /Hello/);
  assert.equal(streamed.usage.output_tokens, 5);
  assert.equal(mock.requests.at(-1)?.path, `${home}/claude-opus-4-6@20260101:streamRawPredict`);

  const counted = await anthropic.messages.countTokens({ model: MODEL, messages: ask.messages });
  assert.ok(counted.input_tokens > 0);
  assert.equal(mock.requests.at(-1)?.path, `${home}/count-tokens:rawPredict`);

  const google = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
  const answer = await google.models.generateContent({ model: MODEL, contents: 'Moin' });
  assert.match(answer.text ?? '', /Claude was told .*Moin/);
  assert.equal(answer.usageMetadata?.promptTokenCount, 12);
  let text = '';
  for await (const piece of await google.models.generateContentStream({ model: MODEL, contents: 'Moin' }))
    text += piece.text ?? '';
  assert.match(text, /Claude was told .*Moin/);
  const { totalTokens } = await google.models.countTokens({ model: MODEL, contents: 'Moin' });
  assert.ok((totalTokens ?? 0) > 0);

  const asked = mock.requests.length;
  for (const name of ['claude-a/../../../google/models/gemini-2.5-pro', 'claude-a/../claude-b'])
    await assert.rejects(
      anthropic.messages.create({ ...ask, model: `vertex/${name}` }),
      (error) => error instanceof APIError && error.status === 404,
    );
  assert.equal(mock.requests.length, asked);
  assert.equal(mock.tokensGiven(), 1);
});
