/** A run waits for a person in every dialect, streamed and not: the one who asked hears of it, and the call is made once. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { GEMINI_KEY, startGeminiMock } from '../support/providers/gemini.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { answerResponses } from '../support/providers/openai-responses.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_approval_dialects_0123456789';

test('approved in the midst of it, in every dialect, streamed and not', { timeout: 180_000 }, async (t) => {
  const openai = await startOpenAiMock({ hooks: [answerResponses] });
  const anthropic = await startAnthropicMock();
  const gemini = await startGeminiMock();
  for (const mock of [openai, anthropic, gemini]) t.after(() => mock[Symbol.asyncDispose]());
  const log = join(await createTempDir(t), 'witness.log');
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { desk: witnessEntry(log) },
      policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] },
      providers: {
        o: { type: 'openai', baseUrl: `${openai.origin}/v1`, apiKey: 'sk-upstream' },
        a: { type: 'anthropic', baseUrl: `${anthropic.origin}/v1`, apiKey: 'sk-ant' },
        g: { type: 'gemini', baseUrl: `${gemini.origin}/v1beta`, apiKey: GEMINI_KEY },
      },
      models: { toolMode: 'classic' },
      keys: [{ name: 'helper', value: KEY, allow: ['*'], agent: { mode: 'on', auto: ['desk/*'] } }],
    },
  });
  await gateway.healthy();
  const cli = (...args: string[]) =>
    runCli('approvals', ...args, '--data', gateway.dataDir, '--config', gateway.configFile);
  const executed = (nonce: string): number =>
    readWitness(log).filter((entry) => entry.event === 'executed' && entry.nonce === nonce).length;

  const says = (nonce: string): string => `!say Working.\n!call desk__work {"nonce":"${nonce}"}`;
  const requests = {
    chat: (text: string, stream: boolean) => ({
      path: '/v1/chat/completions',
      body: { model: 'o/gpt-5.2', stream, messages: [{ role: 'user', content: text }] },
    }),
    responses: (text: string, stream: boolean) => ({
      path: '/v1/responses',
      body: { model: 'o/gpt-5.2', stream, input: text, store: false },
    }),
    messages: (text: string, stream: boolean) => ({
      path: '/v1/messages',
      body: { model: 'a/claude-sonnet-4-5', max_tokens: 500, stream, messages: [{ role: 'user', content: text }] },
    }),
    gemini: (text: string, stream: boolean) => ({
      path: `/v1beta/models/g/gemini-2.5-flash:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
      body: { contents: [{ role: 'user', parts: [{ text }] }] },
    }),
  };
  for (const [dialect, request] of Object.entries(requests))
    for (const stream of [true, false]) {
      const nonce = `${dialect}-${stream ? 'stream' : 'whole'}`;
      const { path, body } = request(says(nonce), stream);
      let text = '';
      let status = 0;
      const reading = (async () => {
        const answer = await fetch(`${gateway.url}${path}`, {
          method: 'POST',
          headers: { 'x-portcullis-key': KEY, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        status = answer.status;
        const decoder = new TextDecoder();
        for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
      })();
      let waiting: { id: string }[] = [];
      await waitFor(`${nonce} to wait for a person`, async () => {
        const listed = JSON.parse(await cli('list', '--json')) as { id: string }[];
        waiting = listed;
        return listed.length === 1;
      });
      const id = waiting[0]?.id ?? '';
      if (stream) await waitFor(`${nonce} to be told`, () => text.includes('approval.awaited') && text.includes(id));
      assert.equal(executed(nonce), 0, nonce);
      await cli('approve', id, '--yes');
      await reading;
      assert.equal(status, 200, `${nonce}: ${text.slice(0, 500)}`);
      assert.equal(executed(nonce), 1, nonce);
      assert.match(text, /Tool said/, `${nonce}: ${text.slice(0, 800)}`);
      assert.ok(text.includes('portcullis'), nonce);
    }
});
