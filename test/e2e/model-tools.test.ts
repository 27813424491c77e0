/** A real MCP server's tools in requests to a model: who gets which, and that what the model suggests can be carried out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import OpenAI from 'openai';
import { startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createOpenaiOther, SPEECH } from '../support/providers/openai-other.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { createTempDir } from '../support/temp-dir.ts';

const KEYS = {
  all: { value: 'pck_e2e_tools_0123456789abcdef', allow: ['*'] },
  files: { value: 'pck_e2e_tools_fedcba9876543210', allow: ['filesystem/read_*', 'model:*'], toolMode: 'classic' },
  desk: { value: 'pck_e2e_tools_5432109876fedcba', allow: ['model:mock/*'], toolsets: ['desk'] },
  models: { value: 'pck_e2e_tools_abcdef0123456789', allow: ['model:mock/gpt-5.2'], toolMode: 'off' },
};

test('tools of real servers go along as each key may use them, and what the model suggests is carried out over MCP', {
  timeout: 120_000,
}, async (t) => {
  const mock = await startOpenAiMock({ hooks: [createOpenaiOther()] });
  t.after(() => mock[Symbol.asyncDispose]());
  const { servers } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { everything: servers.everything, filesystem: servers.filesystem },
      toolsets: { desk: { tools: [{ tool: 'everything/echo', name: 'say', description: 'Says it again' }] } },
      providers: { mock: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream-secret' } },
      keys: Object.entries(KEYS).map(([name, key]) => ({ name, ...key })),
    },
  });
  await gateway.healthy();

  const ask = async (key: keyof typeof KEYS, content: string, headers: { [name: string]: string } = {}) => {
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEYS[key].value, maxRetries: 0 });
    const body = { model: 'mock/gpt-5.2', messages: [{ role: 'user' as const, content }] };
    const answer = await openai.chat.completions.create(body, { headers });
    const sent = mock.requests.at(-1)?.json as { tools?: { function: { name: string; description?: string } }[] };
    return { answer, names: sent.tools?.map((tool) => tool.function.name) ?? [], tools: sent.tools };
  };

  assert.deepEqual((await ask('all', 'hello')).names, []);
  assert.deepEqual((await ask('models', 'hello', { 'x-portcullis-servers': '*' })).names, []);
  const files = (await ask('files', 'hello')).names;
  assert.ok(files.length > 1 && files.every((name) => name.startsWith('filesystem__read_')), String(files));
  assert.deepEqual((await ask('files', 'hello', { 'x-portcullis-servers': 'everything' })).names, []);
  const narrowed = await ask('all', 'hello', { 'x-portcullis-tools': 'everything/echo,filesystem/read_text_file' });
  assert.deepEqual(narrowed.names, ['everything__echo', 'filesystem__read_text_file']);
  const desk = await ask('desk', 'hello', { 'x-portcullis-toolset': 'desk' });
  assert.deepEqual(
    desk.tools?.map((tool) => [tool.function.name, tool.function.description]),
    [['say', 'Says it again']],
  );
  await assert.rejects(ask('models', 'hello', { 'x-portcullis-tool-mode': 'classic' }), OpenAI.BadRequestError);

  const suggesting = await ask('desk', '!call say {"message":"hi there"}', { 'x-portcullis-toolset': 'desk' });
  const call = suggesting.answer.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === 'function');
  const client = new Client({ name: 'portcullis-test', version: '1.0.0' });
  const requestInit = { headers: { authorization: `Bearer ${KEYS.desk.value}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.mcpUrl}/t/desk`), { requestInit }));
  t.after(() => client.close());
  const { content } = await client.callTool({
    name: call.function.name,
    arguments: JSON.parse(call.function.arguments),
  });
  assert.match(JSON.stringify(content), /Echo: hi there/);
});

test('what is no chat reaches a configured provider, and its models are listed as it lists them', async (t) => {
  const mock = await startOpenAiMock({ hooks: [createOpenaiOther()] });
  t.after(() => mock[Symbol.asyncDispose]());
  const gateway = await startGateway(t, {
    config: { providers: { mock: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream-secret' } } },
  });
  const openai = new OpenAI({ baseURL: `${gateway.url}/openai/v1`, apiKey: gateway.key, maxRetries: 0 });
  assert.deepEqual(
    (await openai.models.list()).data.map(({ id, created }) => [id, created]),
    [
      ['mock/gpt-5', 1_750_000_000],
      ['mock/gpt-5-mini', 1_750_000_000],
    ],
  );
  const { data } = await openai.embeddings.create({ model: 'mock/e', input: ['a', 'b'] });
  assert.equal(data.length, 2);
  const speech = await openai.audio.speech.create({ model: 'mock/tts', voice: 'alloy', input: 'hi' });
  assert.deepEqual(Buffer.from(await speech.arrayBuffer()), Buffer.concat([SPEECH, SPEECH]));
  assert.deepEqual((await openai.files.list()).data, []);
  assert.ok(mock.requests.every(({ headers }) => headers.authorization === 'Bearer sk-upstream-secret'));
});
