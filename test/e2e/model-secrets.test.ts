/** Keys of providers stay inside, also where a provider quotes them: no client, log, trail or metric ever shows one. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { startMockProvider } from '../support/providers/mock-provider.ts';

const KEY = 'sk-canary-9f8e7d6c5b4a-of-the-provider';
const HEADER = 'canary-header-1a2b3c4d5e6f7a8b';
const METRICS = 'metrics_token_of_this_test_0123';

/** A refusal that every vendor's codec finds words in, and all of them hold our secrets. */
const quoting = (words: string): string =>
  JSON.stringify({
    ...{ type: 'error', message: words, Message: words },
    error: { message: words, type: 'invalid_request_error', code: null, status: 'INVALID_ARGUMENT', details: [] },
  });

test('a provider that quotes our key and our headers back is not passed on', { timeout: 120_000 }, async (t) => {
  let status = 400;
  const mock = await startMockProvider({
    answer: (request) => {
      const words = `Bad request with ${KEY} and ${HEADER} and ${request.headers.authorization ?? ''}`;
      return { status, headers: { 'content-type': 'application/json', 'x-echo': KEY }, body: quoting(words) };
    },
    renderFailure: () => quoting(KEY),
  });
  t.after(() => mock[Symbol.asyncDispose]());
  const more = { headers: { 'x-secret': HEADER }, maxRetries: 0, circuitBreaker: { failures: 1_000 } };
  const key = { ...more, keys: [{ value: KEY }] };
  const gateway = await startGateway(t, {
    config: {
      providers: {
        openai: { ...key, baseUrl: `${mock.origin}/v1` },
        deepseek: { ...key, baseUrl: `${mock.origin}/v1` },
        azure: { ...key, baseUrl: mock.origin },
        anthropic: { ...key, baseUrl: mock.origin },
        gemini: { ...key, baseUrl: mock.origin },
        cohere: { ...key, baseUrl: mock.origin },
        bedrock: { ...more, region: 'eu-central-1', apiKey: KEY, baseUrl: mock.origin },
        vertex: { ...more, project: 'p', apiKey: KEY, baseUrl: mock.origin },
      },
      metrics: { token: METRICS },
      log: { level: 'debug' },
    },
  });
  const heard: string[] = [];
  const send = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` };
    const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    heard.push(JSON.stringify([...response.headers]), await response.text());
    assert.notEqual(response.status, 200);
  };
  const messages = [{ role: 'user', content: 'hi' }];
  for (status of [400, 422, 401, 404, 429, 500, 302])
    for (const provider of ['openai', 'deepseek', 'azure', 'anthropic', 'gemini', 'cohere', 'bedrock', 'vertex']) {
      // A model of its own each time: keys that were refused are left alone for a while.
      const model = `${provider}/m-${status}`;
      for (const stream of [false, true]) await send('/v1/chat/completions', { model, messages, stream });
      await send('/v1/responses', { model, input: 'hi' });
      await send('/v1/messages', { model, max_tokens: 5, messages });
      await send(`/v1beta/models/${model}:generateContent`, { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
      await send('/v1/embeddings', { model, input: 'hi' });
    }
  const metrics = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${METRICS}` } });
  heard.push(await metrics.text(), await (await fetch(`${gateway.url}/ready`)).text());
  await gateway.stop();
  heard.push(gateway.stderr());
  for (const entry of readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) heard.push(readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  assert.ok(mock.requests.length > 100, `only ${mock.requests.length} reached the provider`);
  for (const text of heard)
    for (const secret of [KEY, HEADER, KEY.slice(3, 25)]) {
      const at = text.indexOf(secret);
      assert.equal(at, -1, `${secret} stands in: ${text.slice(Math.max(0, at - 300), at + 100)}`);
    }
});
