/** What a model suggests to do with the gateway's tools stands in the ledger, in every dialect, streamed and not; answers stay as they were. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { GEMINI_KEY, startGeminiMock } from '../support/providers/gemini.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { answerResponses } from '../support/providers/openai-responses.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { createTempDir } from '../support/temp-dir.ts';

const ASK = '!call everything__echo {"message":"hi","n":1.0}';
const OWN = '!call own_tool {"a":1}';

test('suggestions of all dialects are in the ledger when the answer is there, and own tools of the caller are not', {
  timeout: 120_000,
}, async (t) => {
  const [openai, anthropic, gemini] = [
    await startOpenAiMock({ hooks: [answerResponses] }),
    await startAnthropicMock(),
    await startGeminiMock(),
  ];
  for (const mock of [openai, anthropic, gemini]) t.after(() => mock[Symbol.asyncDispose]());
  const { servers } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { everything: servers.everything },
      providers: {
        openai: { type: 'openai', baseUrl: `${openai.origin}/v1`, apiKey: 'sk-upstream-secret' },
        anthropic: { type: 'anthropic', baseUrl: anthropic.origin, apiKey: 'sk-ant-upstream' },
        gemini: { type: 'gemini', baseUrl: gemini.origin, apiKey: GEMINI_KEY },
      },
      models: { toolMode: 'classic' },
    },
  });
  await gateway.healthy();
  const db = new DatabaseSync(join(gateway.dataDir, 'portcullis.db'), { readOnly: true });
  t.after(() => db.close());
  const newest = () => db.prepare('SELECT * FROM suggestions ORDER BY made DESC LIMIT 1').get();
  const count = (): number => Number(db.prepare('SELECT count(*) AS n FROM suggestions').get()?.n);

  const own = { name: 'own_tool', description: 'x', parameters: { type: 'object', properties: {} } };
  const asks = {
    '/v1/chat/completions': (text: string, stream: boolean) => ({
      ...{ model: 'openai/gpt-5.2', stream, messages: [{ role: 'user', content: text }] },
      tools: [{ type: 'function', function: own }],
    }),
    '/v1/responses': (text: string, stream: boolean) => ({
      ...{ model: 'openai/gpt-5.2', stream, input: text, tools: [{ type: 'function', ...own }] },
    }),
    '/v1/messages': (text: string, stream: boolean) => ({
      ...{ model: 'anthropic/claude-sonnet-4-5', max_tokens: 99, stream, messages: [{ role: 'user', content: text }] },
      tools: [{ name: own.name, description: own.description, input_schema: own.parameters }],
    }),
    gemini: (text: string) => ({
      contents: [{ role: 'user', parts: [{ text }] }],
      tools: [{ functionDeclarations: [own] }],
    }),
  };
  for (const provider of ['same', 'other'] as const)
    for (const [path, makeBody] of Object.entries(asks))
      for (const stream of [false, true]) {
        const where = `${provider} ${path} ${stream ? 'stream' : 'whole'}`;
        const ask = async (text: string): Promise<{ text: string; headers: Headers }> => {
          const model = provider === 'same' ? 'gemini/gemini-2.5-flash' : 'openai/gpt-5.2';
          const verb = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
          const url = path === 'gemini' ? `/v1beta/models/${model}:${verb}` : path;
          const body: Record<string, unknown> = { ...makeBody(text, stream) };
          if (provider === 'other' && 'model' in body)
            body.model = path === '/v1/messages' ? 'openai/gpt-5.2' : 'anthropic/claude-sonnet-4-5';
          const answer = await fetch(`${gateway.url}${url}`, {
            method: 'POST',
            headers: { 'x-portcullis-key': gateway.key, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          });
          const said = await answer.text();
          assert.equal(answer.status, 200, `${where}: ${said.slice(0, 300)}`);
          return { text: said, headers: answer.headers };
        };
        const before = count();
        const suggesting = await ask(ASK);
        assert.equal(count(), before + 1, where);
        const row = newest();
        assert.deepEqual(
          [row?.name, row?.server_id, row?.target, row?.state, row?.verdict],
          ['everything__echo', 'everything', 'echo', 'open', 'allow'],
          where,
        );
        assert.equal(suggesting.headers.get('x-portcullis-run'), row?.run_id, where);
        if (!stream) assert.equal(suggesting.headers.get('x-portcullis-suggestions'), row?.id, where);
        if (typeof row?.tool_call_id === 'string') assert.ok(suggesting.text.includes(row.tool_call_id), where);
        await ask(OWN);
        assert.equal(count(), before + 1, `${where}: a tool of its own`);
      }
});
