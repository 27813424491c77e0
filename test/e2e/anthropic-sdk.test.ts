/** Anthropic's own SDK through the gateway: base URL and key changed, nothing else. Passing lane and translation. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { startAnthropicMock } from '../support/providers/anthropic.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import { createCleanup } from '../support/temp-dir.ts';

const CLAUDE_CODE = new URL('../fixtures/dialects/anthropic/claude-code.request.json', import.meta.url);
const BETAS = [
  ...['claude-code-20250219', 'interleaved-thinking-2025-05-14', 'context-management-2025-06-27', 'effort-2025-11-24'],
  ...[
    'advanced-tool-use-2025-11-20',
    'extended-cache-ttl-2025-04-11',
    'mid-conversation-system-2026-04-07',
    'task-budgets-2026-03-13',
  ],
].join(',');
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER: Anthropic.Tool = {
  name: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

describe("Anthropic's SDK", { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let mock: MockProvider;
  let gateway: StartedGateway;
  let client: Anthropic;

  before(async () => {
    mock = await startAnthropicMock();
    cleanup.after(() => mock[Symbol.asyncDispose]());
    gateway = await startGateway(cleanup, {
      config: {
        providers: {
          anthropic: { baseUrl: mock.origin, apiKey: 'sk-provider', maxRetries: 0 },
          wrong: { type: 'anthropic', baseUrl: mock.origin, apiKey: 'wrong-provider-key', maxRetries: 0 },
          fake: {},
        },
      },
    });
    client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
  });
  after(() => cleanup.run());

  const lastSent = () => {
    const request = mock.requests.at(-1);
    assert.ok(request !== undefined);
    return request;
  };
  const ask = (
    content: Anthropic.MessageParam['content'],
    more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {},
  ) =>
    client.messages.create({
      ...{ model: 'anthropic/claude-opus-5', max_tokens: 1_000, messages: [{ role: 'user', content }] },
      ...more,
    });

  test('gets a message, with the provider key sent and the own one kept here', async () => {
    const message = await ask('Hello');
    assert.deepEqual(
      message.content.map((block) => block.type === 'text' && block.text),
      ['You said: Hello'],
    );
    assert.equal(message.stop_reason, 'end_turn');
    assert.match(message._request_id ?? '', /^[0-9a-f-]{36}$/);
    const { headers, json } = lastSent();
    assert.equal(headers['x-api-key'], 'sk-provider');
    assert.equal(headers.authorization, undefined);
    assert.equal((json as { model: string }).model, 'claude-opus-5');
    assert.ok(!JSON.stringify(headers).includes(gateway.key));
  });

  test('may present its key as x-api-key, and call below /anthropic', async () => {
    const { url, key } = gateway;
    const body = JSON.stringify({ model: 'anthropic/m', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] });
    for (const path of ['/anthropic/v1/messages', '/anthropic/messages', '/v1/messages']) {
      const headers = { 'x-api-key': key, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' };
      const response = await fetch(url + path, { method: 'POST', headers, body });
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get('request-id'), response.headers.get('x-portcullis-call-id'));
    }
  });

  test('streams, with thinking, its signature and usage', async () => {
    const stream = client.messages.stream({
      ...{ model: 'anthropic/claude-opus-5', max_tokens: 5_000, thinking: { type: 'adaptive' } },
      messages: [{ role: 'user', content: '!think So it is\n!say Grüße, Welt\n!usage 20 7 5 3' }],
    });
    const texts: string[] = [];
    stream.on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    assert.equal(texts.join(''), 'Grüße, Welt');
    const [thinking, text] = message.content;
    assert.ok(thinking?.type === 'thinking' && text?.type === 'text');
    assert.equal(thinking.thinking, 'So it is');
    assert.match(thinking.signature, /^sig-/);
    assert.equal(message.usage.cache_read_input_tokens, 5);
    assert.equal(message.usage.output_tokens, 7);
  });

  for (const model of ['anthropic/claude-opus-5', 'fake/m'])
    test(`streams from ${model} what it gets whole`, async () => {
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Well, hello there' }];
      const whole = await client.messages.create({ model, max_tokens: 100, messages });
      const streamed = await client.messages.stream({ model, max_tokens: 100, messages }).finalMessage();
      const strip = ({ id: _, content, usage, ...rest }: Anthropic.Message & { parsed_output?: unknown }) => ({
        ...rest,
        // The SDK's own addition to streamed ones.
        parsed_output: null,
        content: content.map((block) => (block.type === 'text' ? block.text : block)),
        usage: { input: usage.input_tokens, output: usage.output_tokens },
      });
      assert.deepEqual(strip(streamed), strip(whole));
      assert.ok(whole.usage.output_tokens > 0);
    });

  test('calls tools in parallel, and gets on with their results', async () => {
    const prompt = '!call weather {"city":"Bonn"}\n!call weather {"city":"Rome"}';
    const first = await ask(prompt, { tools: [WEATHER] });
    const calls = first.content.filter((block) => block.type === 'tool_use');
    assert.deepEqual(
      calls.map(({ input }) => input),
      [{ city: 'Bonn' }, { city: 'Rome' }],
    );
    assert.equal(first.stop_reason, 'tool_use');
    const second = await client.messages.create({
      ...{ model: 'anthropic/claude-opus-5', max_tokens: 100, tools: [WEATHER] },
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: calls.map(({ id }, i) => ({ type: 'tool_result', tool_use_id: id, content: `${i} °C` })),
        },
      ],
    });
    assert.ok(second.content[0]?.type === 'text');
    assert.equal(second.content[0].text, 'Tool said: 0 °C\nTool said: 1 °C');
  });

  for (const model of ['anthropic/claude-opus-5', 'fake/m'])
    test(`runs its tool runner against ${model}, with threads or without`, async () => {
      const seen: string[] = [];
      const weather = betaZodTool({
        name: 'weather',
        description: 'Tells the weather',
        inputSchema: z.object({ city: z.string() }),
        run: ({ city }) => {
          seen.push(city);
          return `sunny in ${city}`;
        },
      });
      const final = await client.beta.messages.toolRunner({
        ...{ model, max_tokens: 1_000, tools: [weather], max_iterations: 4 },
        messages: [{ role: 'user', content: '!call weather {"city":"Bonn"}' }],
      });
      assert.equal(final.role, 'assistant');
      const text = final.content[0]?.type === 'text' ? final.content[0].text : '';
      if (model.startsWith('fake')) return assert.notEqual(text, '');
      assert.deepEqual(seen, ['Bonn']);
      assert.equal(text, 'Tool said: sunny in Bonn');
      assert.match(String(lastSent().headers['anthropic-beta']), /message-threads/);
    });

  test('sends images and schemas, which arrive as they were', async () => {
    const format = {
      type: 'json_schema',
      schema: { type: 'object', properties: {}, additionalProperties: false },
    } as const;
    const message = await ask(
      [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        { type: 'text', text: 'What is it?' },
      ],
      { output_config: { format } },
    );
    assert.ok(message.content[0]?.type === 'text');
    assert.equal(message.content[0].text, 'You said: What is it? [image image/png 70 B]');
    assert.deepEqual((lastSent().json as Anthropic.MessageCreateParams).output_config, { format });
  });

  test('counts tokens', async () => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'How many?' }];
    const { input_tokens } = await client.messages.countTokens({ model: 'anthropic/claude-opus-5', messages });
    assert.equal(input_tokens, Math.ceil(JSON.stringify(messages).length / 4));
  });

  test('tells failures apart as it does with Anthropic itself', async () => {
    const fails = async (
      asked: Promise<unknown>,
      kind: new (...all: never[]) => Error,
      status: number,
      type: string,
    ) => {
      const error = await asked.then(
        () => assert.fail('it did not fail'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof kind, String(error));
      const { status: got, type: gotType, message } = error as unknown as InstanceType<typeof Anthropic.APIError>;
      assert.deepEqual([got, gotType], [status, type]);
      assert.ok(!message.includes('wrong-provider-key'));
      return error as unknown as InstanceType<typeof Anthropic.APIError>;
    };
    const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'nobody', maxRetries: 0 });
    const body = { model: 'anthropic/m', max_tokens: 9, messages: [{ role: 'user' as const, content: 'Hi' }] };
    await fails(stranger.messages.create(body), Anthropic.AuthenticationError, 401, 'authentication_error');
    await fails(ask('Hi', { model: 'anthropic/unknown' }), Anthropic.NotFoundError, 404, 'not_found_error');
    const limited = await fails(ask('!fail 429 7'), Anthropic.RateLimitError, 429, 'rate_limit_error');
    assert.equal(limited.errorCode, 'provider_rate_limited');
    await fails(ask('!fail 529'), Anthropic.InternalServerError, 529, 'overloaded_error');
    await fails(ask('!fail 500'), Anthropic.InternalServerError, 502, 'api_error');
    await fails(ask('Hi', { model: 'wrong/m' }), Anthropic.InternalServerError, 502, 'api_error');
    const refused = await fails(ask('!fail 400'), Anthropic.BadRequestError, 400, 'invalid_request_error');
    assert.match(refused.message, /It was told to fail/);
  });

  test('an error that comes before the stream has begun is an error, not a stream', async () => {
    const stream = client.messages.stream({
      ...{ model: 'anthropic/m', max_tokens: 9, messages: [{ role: 'user', content: '!fail 529' }] },
    });
    await assert.rejects(stream.finalMessage(), { status: 529 });
  });

  test('a stream that breaks off is told as an error within it', async () => {
    const stream = client.messages.stream({
      ...{ model: 'anthropic/m', max_tokens: 99 },
      messages: [{ role: 'user', content: '!say one two three\n!chunks 6\n!reset stream' }],
    });
    let came = '';
    stream.on('text', (text) => {
      came += text;
    });
    await assert.rejects(stream.finalMessage(), Anthropic.APIError);
    assert.match(came, /^one/);
  });

  test('going away ends the provider call', async () => {
    const before = mock.aborted();
    const stream = client.messages.stream({
      ...{ model: 'anthropic/m', max_tokens: 99 },
      messages: [{ role: 'user', content: '!say one two three four five\n!chunks 20\n!pace 200' }],
    });
    stream.on('text', () => stream.abort());
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    await mock.waitForAborts(before + 1);
  });

  test("what Claude Code sends reaches Anthropic byte for byte, but for the model's name", async () => {
    const text = await readFile(CLAUDE_CODE, 'utf8');
    const response = await fetch(`${gateway.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': BETAS },
      },
      body: text,
    });
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    assert.match(answer, /event: message_stop\n/);
    const { body, headers } = lastSent();
    assert.equal(body.toString('utf8'), text.replace('"anthropic/claude-opus-5"', '"claude-opus-5"'));
    assert.equal(headers['anthropic-beta'], BETAS);
    assert.equal(headers['anthropic-version'], '2023-06-01');
  });

  test('what only Anthropic can do is refused where another one is asked', async () => {
    const thread = { type: 'create' };
    const body = { model: 'fake/m', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], thread };
    const error = await client.post('/v1/messages', { body }).then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.equal(error.errorCode, 'thread_unsupported_request');
  });
});
