/** OpenAI's client through the gateway to Bedrock and Cohere: what it asked for, on wires that it does not know. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import OpenAI, { APIError, RateLimitError } from 'openai';
import { startGateway } from '../support/gateway.ts';
import { MOCK_AWS, startBedrockMock } from '../support/providers/bedrock.ts';
import { MOCK_COHERE_KEY, startCohereMock } from '../support/providers/cohere.ts';

async function start(t: TestContext) {
  const [bedrock, cohere] = [await startBedrockMock(), await startCohereMock()];
  t.after(() => bedrock[Symbol.asyncDispose]());
  t.after(() => cohere[Symbol.asyncDispose]());
  const { url, key, stderr } = await startGateway(t, {
    config: {
      providers: {
        bedrock: { baseUrl: bedrock.origin, ...MOCK_AWS, maxRetries: 0 },
        cohere: { baseUrl: cohere.origin, apiKey: MOCK_COHERE_KEY, maxRetries: 0 },
      },
    },
  });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  return { client, stderr, mocks: { bedrock, cohere } };
}

const say = (content: string) => [{ role: 'user' as const, content }];
const MODELS = { bedrock: 'bedrock/eu.anthropic.claude-sonnet-4-6-v1:0', cohere: 'cohere/command-a-03-2025' } as const;

for (const provider of ['bedrock', 'cohere'] as const) {
  const model = MODELS[provider];

  test(`${provider} answers whole and piece by piece`, async (t) => {
    const { client } = await start(t);
    const whole = await client.chat.completions.create({ model, messages: say('Grüße 👋') });
    assert.equal(whole.choices[0]?.message.content, 'You said: Grüße 👋');
    const stream = await client.chat.completions.create({ model, messages: say('Grüße 👋\n!chunks 5'), stream: true });
    const pieces: string[] = [];
    for await (const { choices } of stream) {
      const piece = choices[0]?.delta.content;
      if (typeof piece === 'string' && piece !== '') pieces.push(piece);
    }
    assert.equal(pieces.join(''), 'You said: Grüße 👋');
    assert.ok(pieces.length >= 4);
  });

  test(`a failure of ${provider} is told in OpenAI's words, without the provider's secrets`, async (t) => {
    const { client, stderr } = await start(t);
    const ask = (content: string, stream = false) =>
      client.chat.completions.create({ model, messages: say(content), stream });
    await assert.rejects(ask('!fail 429 7'), RateLimitError);
    await assert.rejects(ask('!fail 429 7', true), RateLimitError);
    await assert.rejects(ask('!fail 503'), (error: unknown) => error instanceof APIError && error.status === 503);
    await assert.rejects(ask('!garbage head'), (error: unknown) => error instanceof APIError && error.status === 502);
    for (const secret of [MOCK_AWS.secretAccessKey, MOCK_AWS.sessionToken, MOCK_COHERE_KEY])
      assert.ok(!stderr().includes(secret));
  });

  test(`a client that goes away ends the answer of ${provider}`, async (t) => {
    const { client, mocks } = await start(t);
    const messages = say('!say a b c d e f\n!chunks 6\n!pace 2000');
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const _ of stream) break;
    await mocks[provider].waitForAborts(1);
  });
}
