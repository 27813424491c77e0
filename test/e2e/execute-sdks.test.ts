/** The official SDKs, unchanged: what they make of a stream can be carried out, and their tool runners work with it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { type SuggestingGateway, startSuggesting } from '../support/suggesting-gateway.ts';

const ask = (nonce: string): string => `!call witness__work {"nonce":"${nonce}","sleepMs":1.0}`;
const SCHEMA = { type: 'object', properties: { nonce: { type: 'string' } }, required: ['nonce'] } as const;

const clientsOf = ({ gateway, key }: SuggestingGateway, apiKey = key) => ({
  openai: new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 }),
  anthropic: new Anthropic({ apiKey, baseURL: gateway.url, maxRetries: 0 }),
  gemini: new GoogleGenAI({ apiKey, httpOptions: { baseUrl: gateway.url } }),
});

test('what the SDKs put together of streams is carried out, and the model goes on with the answer', {
  timeout: 120_000,
}, async (t: TestContext) => {
  const site = await startSuggesting(t);
  const { execute, executions } = site;
  const { openai, anthropic, gemini } = clientsOf(site);

  const chat = await openai.chat.completions
    .stream({ model: 'openai/gpt-5.2', messages: [{ role: 'user', content: ask('chat') }] })
    .finalMessage();
  const chatDone = await execute(chat.tool_calls?.[0] ?? {});
  assert.equal(chatDone.body.content, 'done chat');
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: ask('chat') }, chat, chatDone.body];
  const wentOn = await openai.chat.completions.create({ model: 'openai/gpt-5.2', messages });
  assert.equal(wentOn.choices[0]?.message.tool_calls, undefined);

  const response = await openai.responses.stream({ model: 'openai/gpt-5.2', input: ask('responses') }).finalResponse();
  const item = response.output.find((each) => each.type === 'function_call');
  const output = await execute(item ?? {});
  assert.deepEqual(output.body, { type: 'function_call_output', call_id: item?.call_id, output: 'done responses' });
  const user = { role: 'user', content: ask('responses') } as const;
  const input = [user, ...response.output, output.body] as OpenAI.Responses.ResponseInput;
  assert.equal((await openai.responses.create({ model: 'openai/gpt-5.2', input })).status, 'completed');

  const model = 'anthropic/claude-sonnet-4-5';
  const message = await anthropic.messages
    .stream({ model, max_tokens: 99, messages: [{ role: 'user', content: ask('anthropic') }] })
    .finalMessage();
  const block = message.content.find(({ type }) => type === 'tool_use');
  const result = await execute(block ?? {});
  assert.deepEqual(result.body.content, [{ type: 'text', text: 'done anthropic' }]);
  const last = await anthropic.messages.create({
    ...{ model, max_tokens: 99 },
    messages: [
      { role: 'user', content: ask('anthropic') },
      { role: 'assistant', content: message.content },
      { role: 'user', content: [result.body] },
    ],
  });
  assert.equal(last.stop_reason, 'end_turn');

  const parts = [];
  const stream = await gemini.models.generateContentStream({
    ...{ model: 'gemini/gemini-2.5-flash', contents: ask('gemini') },
  });
  for await (const chunk of stream) parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
  const part = parts.find(({ functionCall }) => functionCall !== undefined);
  assert.equal((await execute(part ?? {})).body.functionResponse.response.output, 'done gemini');

  for (const nonce of ['chat', 'responses', 'anthropic', 'gemini']) assert.equal(executions(nonce), 1, nonce);
});

test("the SDKs' tool runners carry out tools by functions that ask the gateway to", { timeout: 120_000 }, async (t) => {
  const runner = 'pk-tool-runner-key-0123456789';
  const site = await startSuggesting(t, {
    keys: [{ name: 'runner', value: runner, allow: ['*', 'model:*'], execute: 'any' }],
  });
  const { execute, executions } = site;
  const { openai, anthropic } = clientsOf(site, runner);

  const final = await openai.chat.completions
    .runTools({
      ...{ model: 'openai/gpt-5.2', messages: [{ role: 'user', content: ask('openai') }] },
      tools: [
        {
          type: 'function',
          function: {
            ...{ name: 'witness__work', description: 'Works', parameters: { ...SCHEMA, required: ['nonce'] } },
            async function(args: string): Promise<string> {
              const call = { type: 'function', function: { name: 'witness__work', arguments: args } };
              return (await execute(call, { key: runner })).body.content;
            },
          },
        },
      ],
    })
    .finalContent();
  assert.equal(typeof final, 'string');
  assert.equal(executions('openai'), 1);

  const work = betaTool({
    ...{ name: 'witness__work', description: 'Works', inputSchema: SCHEMA },
    async run(input) {
      const { body } = await execute({ type: 'tool_use', name: 'witness__work', input }, { key: runner });
      return body.content;
    },
  });
  const message = await anthropic.beta.messages.toolRunner({
    ...{ model: 'anthropic/claude-sonnet-4-5', max_tokens: 99, tools: [work] },
    messages: [{ role: 'user', content: ask('anthropic') }],
  });
  assert.equal(message.stop_reason, 'end_turn');
  assert.equal(executions('anthropic'), 1);
});
