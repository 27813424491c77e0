import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { createOpenaiResponsesRoutes } from '../../src/edges/openai-responses/routes.ts';
import { createHttpClient } from '../../src/upstreams/http/client.ts';
import { createResponsesChat } from '../../src/upstreams/models/openai-responses/responses-chat.ts';
import { createScriptedModel, DOOR_KEY, openModelDoors, providerConfig } from '../support/providers/model-doors.ts';
import { startResponsesMock } from '../support/providers/openai-responses.ts';

/** `real/…` speaks Responses, `told/…` nothing but neutral words. Resolves with the base URL. */
async function setUp(t: TestContext): Promise<string> {
  const mock = await startResponsesMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  const config = providerConfig('real', `${mock.origin}/v1`);
  const told = createScriptedModel('told');
  const real = { ...told, id: 'real', config, chat: createResponsesChat({ http }, config) };
  const doors = await openModelDoors(createOpenaiResponsesRoutes, [real, told]);
  t.after(() => doors[Symbol.asyncDispose]());
  return `${doors.origin}/v1`;
}

const SAY = '!think hm\n!say Hello you there\n!usage 11 7 3 2';
const CALL = '!call weather {"city":"Rome"}\n!call weather {"city":"Oslo"}';
const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

for (const model of ['real/gpt-6', 'told/any']) {
  test(`AI SDK, ${model}: text, reasoning and usage, whole and streamed`, async (t) => {
    const openai = createOpenAI({ apiKey: DOOR_KEY, baseURL: await setUp(t) });
    const whole = await generateText({ model: openai(model), prompt: SAY });
    assert.equal(whole.text, 'Hello you there');
    assert.equal(whole.reasoningText, 'hm');
    assert.equal(whole.usage.totalTokens, 18);
    const streamed = streamText({ model: openai(model), prompt: SAY });
    const pieces: string[] = [];
    for await (const piece of streamed.textStream) pieces.push(piece);
    assert.ok(pieces.length > 1);
    assert.equal(pieces.join(''), 'Hello you there');
    assert.equal((await streamed.usage).totalTokens, 18);
    assert.equal(await streamed.finishReason, 'stop');
  });

  test(`AI SDK, ${model}: it runs parallel calls and gives their results back, whole and streamed`, async (t) => {
    const openai = createOpenAI({ apiKey: DOOR_KEY, baseURL: await setUp(t) });
    const weather = tool({
      description: 'Weather of a city',
      inputSchema: jsonSchema<{ city: string }>(CITY as Parameters<typeof jsonSchema>[0]),
      execute: ({ city }) => `${city} is fine`,
    });
    const options = { model: openai(model), prompt: CALL, tools: { weather }, stopWhen: stepCountIs(3) };
    const said = 'Tool said: Rome is fine\nTool said: Oslo is fine';
    assert.equal((await generateText(options)).text, said);
    assert.equal(await streamText(options).text, said);
  });

  test(`LangChain, ${model}: text, stream, and calls with their results`, async (t) => {
    const configuration = { baseURL: await setUp(t) };
    const chat = new ChatOpenAI({ model, apiKey: DOOR_KEY, useResponsesApi: true, configuration, maxRetries: 0 });
    const whole = await chat.invoke(SAY);
    assert.equal(whole.text, 'Hello you there');
    assert.equal((whole.usage_metadata as { total_tokens: number } | undefined)?.total_tokens, 18);
    let text = '';
    for await (const chunk of await chat.stream(SAY)) text += chunk.text;
    assert.equal(text, 'Hello you there');
    const declared = { type: 'function' as const, function: { name: 'weather', description: 'd', parameters: CITY } };
    const bound = chat.bindTools([declared]);
    const asked = new HumanMessage(CALL);
    const called = await bound.invoke([asked]);
    assert.deepEqual(
      called.tool_calls?.map(({ args }) => args),
      [{ city: 'Rome' }, { city: 'Oslo' }],
    );
    const results = (called.tool_calls ?? []).map(
      ({ id = '', args }) => new ToolMessage({ tool_call_id: id, content: `${args.city} is fine` }),
    );
    const last = await bound.invoke([asked, called, ...results]);
    assert.equal(last.text, 'Tool said: Rome is fine\nTool said: Oslo is fine');
  });
}
