/** Agent mode at a whole gateway: real MCP servers, providers of three dialects, and unmodified clients of each. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { readTrail, startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { startGeminiMock } from '../support/providers/gemini.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { answerResponses } from '../support/providers/openai-responses.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { createTempDir } from '../support/temp-dir.ts';

const KEY = 'pck_agent_real_0123456789abcdef';
const PROMPT = [
  '!say Looking.',
  '!call everything__echo {"message":"one"}',
  '!call filesystem__list_allowed_directories {}',
  '!call everything__echo {"message":"three"}',
].join('\n');

test('two of three tools are run, the third is left to the client, and each dialect’s own client goes on with it', {
  timeout: 180_000,
}, async (t) => {
  const openaiMock = await startOpenAiMock({ hooks: [answerResponses] });
  const anthropicMock = await startAnthropicMock();
  const geminiMock = await startGeminiMock();
  for (const mock of [openaiMock, anthropicMock, geminiMock]) t.after(() => mock[Symbol.asyncDispose]());
  const { servers } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { everything: servers.everything, filesystem: servers.filesystem },
      providers: {
        o: { type: 'openai', baseUrl: `${openaiMock.origin}/v1`, apiKey: 'sk-upstream' },
        a: { type: 'anthropic', baseUrl: `${anthropicMock.origin}/v1`, apiKey: 'sk-ant' },
        g: { type: 'gemini', baseUrl: `${geminiMock.origin}/v1beta`, apiKey: 'AIza-test-key-0001' },
      },
      models: { toolMode: 'classic' },
      keys: [{ name: 'helper', value: KEY, allow: ['*'], agent: { mode: 'on', auto: ['everything/echo'] } }],
    },
  });
  await gateway.healthy();

  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  for (const stream of [false, true]) {
    const ask = async (messages: OpenAI.ChatCompletionMessageParam[]) => {
      const body = { model: 'o/gpt-5.2', messages };
      const answer = stream
        ? await openai.chat.completions.stream(body).finalChatCompletion()
        : await openai.chat.completions.create(body);
      const [choice] = answer.choices;
      assert.ok(choice);
      return choice;
    };
    const asked = [{ role: 'user' as const, content: PROMPT }];
    const { message, finish_reason } = await ask(asked);
    assert.equal(finish_reason, 'tool_calls');
    const [call, ...others] = message.tool_calls ?? [];
    assert.ok(call?.type === 'function' && others.length === 0);
    assert.equal(call.function.name, 'filesystem__list_allowed_directories');
    const end = await ask([...asked, message, { role: 'tool', tool_call_id: call.id, content: 'two' }]);
    assert.match(end.message.content ?? '', /Tool said: Echo: one\nTool said: two\nTool said: Echo: three/);
  }

  for (const stream of [false, true]) {
    const ask = async (input: OpenAI.Responses.ResponseInputItem[]) => {
      const body = { model: 'o/gpt-5.2', input, store: false };
      return stream ? openai.responses.stream(body).finalResponse() : openai.responses.create(body);
    };
    const asked = [{ role: 'user' as const, content: PROMPT }];
    const first = await ask(asked);
    const output = first.output as OpenAI.Responses.ResponseOutputItem[];
    const calls = output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['filesystem__list_allowed_directories'],
    );
    const result = { type: 'function_call_output' as const, call_id: calls[0]?.call_id ?? '', output: 'two' };
    const end = await ask([...asked, ...(output as OpenAI.Responses.ResponseInputItem[]), result]);
    assert.match(end.output_text, /Echo: one[\s\S]*two[\s\S]*Echo: three/);
  }

  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
  for (const stream of [false, true]) {
    const ask = (messages: Anthropic.MessageParam[]) => {
      const body = { model: 'a/claude-sonnet-4-5', max_tokens: 500, messages };
      return stream ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
    };
    const asked = [{ role: 'user' as const, content: PROMPT }];
    const first = await ask(asked);
    assert.equal(first.stop_reason, 'tool_use');
    const uses = first.content.filter((block) => block.type === 'tool_use');
    assert.deepEqual(
      uses.map(({ name }) => name),
      ['filesystem__list_allowed_directories'],
    );
    const result = { type: 'tool_result' as const, tool_use_id: uses[0]?.id ?? '', content: 'two' };
    const end = await ask([
      ...asked,
      { role: 'assistant', content: first.content },
      { role: 'user', content: [result] },
    ]);
    const text = end.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    assert.match(text, /Echo: one[\s\S]*two[\s\S]*Echo: three/);
  }

  const gemini = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
  const model = 'g/gemini-2.5-flash';
  const asked = { role: 'user', parts: [{ text: PROMPT }] };
  const first = await gemini.models.generateContent({ model, contents: [asked] });
  const call = first.functionCalls?.[0];
  assert.deepEqual(
    first.functionCalls?.map(({ name }) => name),
    ['filesystem__list_allowed_directories'],
  );
  const content = first.candidates?.[0]?.content;
  assert.ok(content && call);
  const functionResponse = { id: call.id ?? '', name: call.name ?? '', response: { output: 'two' } };
  const end = await gemini.models.generateContent({
    model,
    contents: [asked, content, { role: 'user', parts: [{ functionResponse }] }],
  });
  assert.match(end.text ?? '', /Echo: one[\s\S]*two[\s\S]*Echo: three/);

  const trail = await readTrail(gateway.dataDir);
  const tools = trail.filter(({ kind, target }) => kind === 'tools.call' && target === 'echo');
  assert.equal(tools.length, 2 * 7);
  assert.ok(tools.every(({ parentId, result }) => parentId !== undefined && result === 'ok'));
  assert.equal(trail.filter(({ kind }) => kind === 'run.ended').length, 7);
});
