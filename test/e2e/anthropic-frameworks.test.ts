/** Frameworks that speak Messages through the gateway: the AI SDK and LangChain, with base URL and key changed. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { ChatAnthropic } from '@langchain/anthropic';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { createCleanup } from '../support/temp-dir.ts';

const MODEL = 'anthropic/claude-opus-5';

describe('frameworks that speak Messages', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;

  before(async () => {
    const mock = await startAnthropicMock();
    cleanup.after(() => mock[Symbol.asyncDispose]());
    const anthropic = { baseUrl: mock.origin, apiKey: 'sk-provider', maxRetries: 0 };
    gateway = await startGateway(cleanup, { config: { providers: { anthropic } } });
  });
  after(() => cleanup.run());

  test('the AI SDK calls tools, streams thoughts and text, and gets objects', async () => {
    const model = createAnthropic({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key })(MODEL);
    const weather = tool({
      description: 'Tells the weather',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `sunny in ${city}`,
    });
    const called = await generateText({
      ...{ model, prompt: '!call weather {"city":"Bonn"}', tools: { weather }, stopWhen: stepCountIs(3) },
    });
    assert.equal(called.text, 'Tool said: sunny in Bonn');

    const streamed = streamText({ model, prompt: '!think hm\n!say Hello you\n!usage 9 4 3' });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    const usage = await streamed.usage;
    assert.deepEqual([text, await streamed.reasoningText], ['Hello you', 'hm']);
    assert.deepEqual([usage.inputTokens, usage.outputTokens, usage.inputTokenDetails.cacheReadTokens], [9, 4, 3]);

    const output = Output.object({ schema: z.object({ a: z.number() }) });
    const held = await generateText({ model, prompt: '!say {"a":1}', output });
    assert.deepEqual(held.output, { a: 1 });
  });

  test('LangChain asks, streams and calls tools', async () => {
    const model = new ChatAnthropic({
      ...{ model: MODEL, apiKey: gateway.key, anthropicApiUrl: gateway.url, maxRetries: 0 },
    });
    assert.equal((await model.invoke('Hello')).content, 'You said: Hello');
    const weather = { name: 'weather', input_schema: { type: 'object' as const, properties: {} } };
    const { tool_calls } = await model.bindTools([weather]).invoke('!call weather {"city":"Bonn"}');
    assert.deepEqual(
      tool_calls?.map(({ name, args }) => ({ name, args })),
      [{ name: 'weather', args: { city: 'Bonn' } }],
    );
    let text = '';
    for await (const piece of await model.stream('!say one two')) text += String(piece.content);
    assert.equal(text, 'one two');
  });
});
