/** Two dialects against each other, with their makers' own SDKs: each client at the other's provider. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI, Type } from '@google/genai';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { GEMINI_KEY, type GeminiMock, startGeminiMock } from '../support/providers/gemini.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const KEY = 'pck_e2e_cross_0123456789abcdef';
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PARALLEL = '!think Hm\n!call weather {"city":"Kiel"}\n!call tide {"city":"Husum"}\n!usage 20 9';

const cleanups: (() => unknown)[] = [];
let gateway: StartedGateway;
let gemini: GeminiMock;
let claude: MockProvider;

before(
  async () => {
    gemini = await startGeminiMock();
    claude = await startAnthropicMock();
    cleanups.push(
      () => gemini[Symbol.asyncDispose](),
      () => claude[Symbol.asyncDispose](),
    );
    const cleanup = { after: (task: () => unknown) => void cleanups.push(task) } as Cleanup;
    gateway = await startGateway(cleanup, {
      config: {
        providers: {
          gemini: { baseUrl: gemini.origin, apiKey: GEMINI_KEY },
          anthropic: { baseUrl: claude.origin, apiKey: 'sk-ant-test' },
        },
        keys: [{ name: 'e2e', value: KEY, allow: ['model:*/*'] }],
      },
    });
  },
  { timeout: 60_000 },
);
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const CLAUDE = 'anthropic/claude-sonnet-4-5';
const GEMINI = 'gemini/gemini-2.5-flash';
const google = () => new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
const anthropic = () => new Anthropic({ apiKey: KEY, baseURL: gateway.url, maxRetries: 0 });

const config = {
  tools: [
    {
      functionDeclarations: ['weather', 'tide'].map((name) => ({
        name,
        parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } } },
      })),
    },
  ],
  maxOutputTokens: 512,
};

test("Google's SDK at Anthropic: parallel calls, their results, whole and streamed", async () => {
  const contents = [{ role: 'user', parts: [{ text: PARALLEL }] }];
  const answer = await google().models.generateContent({ model: CLAUDE, contents, config });
  assert.deepEqual(
    answer.functionCalls?.map(({ name, args }) => [name, args]),
    [
      ['weather', { city: 'Kiel' }],
      ['tide', { city: 'Husum' }],
    ],
  );
  const streamed: (string | undefined)[] = [];
  let finish: string | undefined;
  let tokens: number | undefined;
  for await (const piece of await google().models.generateContentStream({ model: CLAUDE, contents, config })) {
    streamed.push(...(piece.functionCalls ?? []).map(({ name, args }) => `${name} ${JSON.stringify(args)}`));
    finish = piece.candidates?.[0]?.finishReason ?? finish;
    tokens = piece.usageMetadata?.promptTokenCount ?? tokens;
  }
  assert.deepEqual(streamed, ['weather {"city":"Kiel"}', 'tide {"city":"Husum"}']);
  assert.equal(finish, 'STOP');
  assert.equal(tokens, 20);
  const results = answer.functionCalls?.map(({ id, name }) => ({
    functionResponse: { id, name, response: { output: `${name}: fine` } },
  }));
  const history = [...contents, answer.candidates?.[0]?.content, { role: 'user', parts: results }];
  const said = await google().models.generateContent({ model: CLAUDE, contents: history as never, config });
  assert.match(said.text ?? '', /weather: fine[\s\S]*tide: fine/);
});

test("Google's SDK at Anthropic: an image, a count, an error", async () => {
  const parts = [{ text: 'See' }, { inlineData: { mimeType: 'image/png', data: DOT } }];
  const seen = await google().models.generateContent({ model: CLAUDE, contents: [{ role: 'user', parts }] });
  assert.match(seen.text ?? '', /image image\/png \d+ B/);
  assert.ok(((await google().models.countTokens({ model: CLAUDE, contents: 'count' })).totalTokens ?? 0) > 0);
  await assert.rejects(
    google().models.generateContent({ model: CLAUDE, contents: '!fail 429' }),
    (error) => error instanceof ApiError && error.status === 429 && /RESOURCE_EXHAUSTED/.test(error.message),
  );
});

const tools: Anthropic.Tool[] = ['weather', 'tide'].map((name) => ({
  name,
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
}));

test("Anthropic's SDK at Gemini: parallel calls, their results, whole and streamed", async () => {
  const ask = { model: GEMINI, max_tokens: 512, tools, messages: [{ role: 'user' as const, content: PARALLEL }] };
  const answer = await anthropic().messages.create(ask);
  const callsOf = ({ content }: Anthropic.Message) =>
    content.flatMap((block) => (block.type === 'tool_use' ? [[block.name, block.input]] : []));
  const expected = [
    ['weather', { city: 'Kiel' }],
    ['tide', { city: 'Husum' }],
  ];
  assert.deepEqual(callsOf(answer), expected);
  assert.equal(answer.stop_reason, 'tool_use');
  assert.equal(answer.usage.input_tokens, 20);
  const streamed = await anthropic().messages.stream(ask).finalMessage();
  assert.deepEqual(callsOf(streamed), expected);
  assert.equal(streamed.usage.output_tokens, 9);
  const results = answer.content.flatMap((block) =>
    block.type === 'tool_use'
      ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: `${block.name}: fine` }]
      : [],
  );
  const said = await anthropic().messages.create({
    ...ask,
    messages: [...ask.messages, { role: 'assistant', content: answer.content }, { role: 'user', content: results }],
  });
  assert.match(JSON.stringify(said.content), /weather: fine.*tide: fine/);
});

test("Anthropic's SDK at Gemini: an image, thoughts, a count, an error", async () => {
  const image = { type: 'base64' as const, media_type: 'image/png' as const, data: DOT };
  const seen = await anthropic().messages.create({
    ...{ model: GEMINI, max_tokens: 4_096, system: 'Be brief', thinking: { type: 'enabled', budget_tokens: 1_024 } },
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image', source: image },
        ],
      },
    ],
  });
  assert.match(JSON.stringify(seen.content), /image image\/png \d+ B/);
  const sent = (gemini.requests.at(-1) ?? assert.fail()).json as {
    readonly generationConfig: { readonly thinkingConfig: { readonly thinkingBudget?: number } };
  };
  assert.equal(sent.generationConfig.thinkingConfig.thinkingBudget, 1_024);
  const counted = await anthropic().messages.countTokens({
    ...{ model: GEMINI, messages: [{ role: 'user', content: 'count' }] },
  });
  assert.ok(counted.input_tokens > 0);
  await assert.rejects(
    anthropic().messages.create({
      ...{ model: GEMINI, max_tokens: 16, messages: [{ role: 'user', content: '!fail 429' }] },
    }),
    (error) => error instanceof APIError && error.status === 429,
  );
});
