/** A gateway whose models suggest what they are told to, over servers that write down what they carry out. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type StartedGateway, startGateway } from './gateway.ts';
import { startAnthropicMock } from './providers/anthropic.ts';
import { GEMINI_KEY, startGeminiMock } from './providers/gemini.ts';
import { startOpenAiMock } from './providers/openai.ts';
import { answerResponses } from './providers/openai-responses.ts';
import { createStdioServers } from './real-servers.ts';
import { createTempDir } from './temp-dir.ts';
import { readWitness, witnessEntry } from './witness.ts';

/** Of the key that is meant where none is named. */
const KEY = 'pk-main-key-0123456789abcdef';

export interface SuggestingGateway {
  readonly key: string;
  readonly gateway: StartedGateway;
  readonly config: object;
  /** How often the witness has carried out what has this nonce. */
  executions(nonce: string): number;
  /** How often it began to. */
  begun(nonce: string): number;
  /** `POST` with a key, the gateway's own where none is named. */
  post(path: string, body: object, options?: PostOptions): Promise<Answer>;
  /** A chat model suggests a call of the witness; the call as it stands in the answer. */
  suggest(args: object, tool?: string): Promise<{ readonly call: ToolCall; readonly suggestion: string }>;
  execute(body: object, options?: PostOptions): Promise<Answer>;
}

export interface PostOptions {
  readonly key?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every dialect are looked into by the tests.
  readonly body: any;
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** `more` is put over the configuration. */
export async function startSuggesting(
  t: TestContext,
  more: { readonly keys?: readonly object[]; readonly [member: string]: unknown } = {},
): Promise<SuggestingGateway> {
  const [openai, anthropic, gemini] = [
    await startOpenAiMock({ hooks: [answerResponses] }),
    await startAnthropicMock(),
    await startGeminiMock(),
  ];
  for (const mock of [openai, anthropic, gemini]) t.after(() => mock[Symbol.asyncDispose]());
  const folder = await createTempDir(t);
  const logFile = join(folder, 'witness.jsonl');
  const { servers } = await createStdioServers(folder);
  const config = {
    mcpServers: { witness: witnessEntry(logFile), everything: servers.everything },
    providers: {
      openai: { type: 'openai', baseUrl: `${openai.origin}/v1`, apiKey: 'sk-upstream-secret' },
      anthropic: { type: 'anthropic', baseUrl: anthropic.origin, apiKey: 'sk-ant-upstream' },
      gemini: { type: 'gemini', baseUrl: gemini.origin, apiKey: GEMINI_KEY },
    },
    models: { toolMode: 'classic' },
    ...more,
    keys: [{ name: 'main', value: KEY, allow: ['*', 'model:*'] }, ...(more.keys ?? [])],
  };
  const gateway = await startGateway(t, { config });
  await gateway.healthy();
  const post: SuggestingGateway['post'] = async (path, body, options = {}) => {
    const answer = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: {
        'x-portcullis-key': options.key ?? KEY,
        'content-type': 'application/json',
        ...options.headers,
      },
      body: JSON.stringify(body),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) as unknown };
  };
  const count = (event: string, nonce: string): number =>
    readWitness(logFile).filter((entry) => entry.event === event && entry.nonce === nonce).length;
  return {
    key: KEY,
    gateway,
    config,
    executions: (nonce) => count('executed', nonce),
    begun: (nonce) => count('begun', nonce),
    post,
    async suggest(args, tool = 'witness__work') {
      const { status, text, body, headers } = await post('/v1/chat/completions', {
        model: 'openai/gpt-5.2',
        messages: [{ role: 'user', content: `!call ${tool} ${JSON.stringify(args)}` }],
      });
      assert.equal(status, 200, text);
      const call = body.choices[0].message.tool_calls[0] as ToolCall;
      return { call, suggestion: headers.get('x-portcullis-suggestions') ?? '' };
    },
    execute: (body, options) => post('/v1/mcp/tool/execute', body, options),
  };
}
