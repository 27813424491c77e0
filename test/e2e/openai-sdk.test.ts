/** OpenAI's own client through the gateway: to a provider of the same wire, and to one of another. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import OpenAI, { AuthenticationError, AzureOpenAI, BadRequestError, RateLimitError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { startApp } from '../support/app.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';

async function start(t: TestContext, provider: object = {}) {
  const mock = await startOpenAiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const upstream = { baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream-secret', maxRetries: 0, ...provider };
  const { url, key, log } = await startApp(t, { providers: { openai: upstream, fake: {} } });
  const options = { baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 };
  const body = (at = -1) => mock.requests.at(at)?.json as { readonly [member: string]: unknown };
  return { mock, url, key, log, body, client: new OpenAI(options) };
}

const say = (content: string) => [{ role: 'user' as const, content }];
const WEATHER = {
  type: 'function' as const,
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

test('a chat is answered, its model and key replaced, everything else as it was sent', async (t) => {
  const { mock, client, body } = await start(t);
  const sent = { model: 'openai/gpt-5.2', messages: say('Hello'), logit_bias: { 7: 1 }, x_future: [1.0] };
  const { data, response } = await client.chat.completions.create(sent).withResponse();
  assert.equal(data.choices[0]?.message.content, 'You said: Hello');
  assert.equal(data.system_fingerprint, 'fp_mock');
  assert.equal(data.usage?.total_tokens, data.usage && data.usage.prompt_tokens + data.usage.completion_tokens);
  assert.deepEqual(body(), { ...sent, model: 'gpt-5.2' });
  const [request] = mock.requests;
  assert.equal(request?.path, '/v1/chat/completions');
  assert.equal(request?.headers.authorization, 'Bearer sk-upstream-secret');
  assert.equal(response.headers.get('x-portcullis-provider'), 'openai');
});

test('the same paths exist below /openai, with and without a version', async (t) => {
  const { url, key } = await start(t);
  for (const base of ['/v1', '/openai/v1', '/openai']) {
    const client = new OpenAI({ baseURL: url + base, apiKey: key });
    const { choices } = await client.chat.completions.create({ model: 'openai/m', messages: say('x') });
    assert.equal(choices[0]?.message.content, 'You said: x', base);
  }
});

test("Azure's client finds deployments, and its key in api-key", async (t) => {
  const { url, key, body } = await start(t);
  const asked = { model: 'ignored', messages: say('x') };
  const base = { baseURL: `${url}/openai/deployments/openai%2Fgpt-5.2`, apiKey: key, apiVersion: '2024-10-21' };
  const { choices } = await new AzureOpenAI(base).chat.completions.create(asked);
  assert.equal(choices[0]?.message.content, 'You said: x');
  assert.equal(body().model, 'gpt-5.2');
});

test('a stream comes piece by piece; usage is told to those who asked for it, and known to us always', async (t) => {
  const { client, body } = await start(t);
  for (const asks of [true, false]) {
    const stream = await client.chat.completions.create({
      ...{ model: 'openai/m', messages: say('!say one two three\n!usage 12 3 4'), stream: true as const },
      ...(asks ? { stream_options: { include_usage: true } } : {}),
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    let empty = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
      if (chunk.choices.length === 0) empty++;
    }
    assert.equal(text, 'one two three');
    assert.deepEqual(body().stream_options, { include_usage: true });
    assert.equal(usage?.prompt_tokens, asks ? 12 : undefined);
    assert.equal(empty, asks ? 1 : 0);
  }
});

test('the stream helper puts together text and parallel calls', async (t) => {
  const { client } = await start(t);
  const content = '!say Looking\n!call get_weather {"city":"Paris"}\n!call get_weather {"city":"Żnin"}\n!chunks 5';
  const stream = client.chat.completions.stream({ model: 'openai/m', messages: say(content), tools: [WEATHER] });
  const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0] ?? {};
  assert.equal(finish_reason, 'tool_calls');
  assert.equal(message?.content, 'Looking');
  const calls = message?.tool_calls?.map((call) => call.type === 'function' && call.function.arguments);
  assert.deepEqual(calls, ['{"city":"Paris"}', '{"city":"Żnin"}']);
});

test('a tool is called and its result told: the whole loop of the runner', async (t) => {
  const { client } = await start(t);
  const runner = client.chat.completions.runTools({
    ...{ model: 'openai/m', messages: say('!call get_weather {"city":"Paris"}') },
    tools: [
      {
        type: 'function',
        function: {
          ...{ name: 'get_weather', description: 'Weather', parameters: { type: 'object' }, parse: JSON.parse },
          function: ({ city }: { city: string }) => `sunny in ${city}`,
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), 'Tool said: sunny in Paris');
});

test('structured output is parsed', async (t) => {
  const { client, body } = await start(t);
  const format = zodResponseFormat(z.object({ city: z.string() }), 'place');
  const { choices } = await client.chat.completions.parse({
    ...{ model: 'openai/m', messages: say('!say {"city":"Oslo"}'), response_format: format },
  });
  assert.deepEqual(choices[0]?.message.parsed, { city: 'Oslo' });
  assert.deepEqual(body().response_format, JSON.parse(JSON.stringify(format)));
});

test('an image arrives', async (t) => {
  const { client } = await start(t);
  const image_url = { url: `data:image/png;base64,${Buffer.alloc(70).toString('base64')}` };
  const content = [
    { type: 'text' as const, text: 'See' },
    { type: 'image_url' as const, image_url },
  ];
  const { choices } = await client.chat.completions.create({
    model: 'openai/m',
    messages: [{ role: 'user', content }],
  });
  assert.equal(choices[0]?.message.content, 'You said: See [image image/png 70 B]');
});

test("a provider's 429 is a RateLimitError that says when to come back", async (t) => {
  const { client } = await start(t);
  const asked = client.chat.completions.create({ model: 'openai/m', messages: say('!fail 429 7') });
  await assert.rejects(asked, (error: unknown) => {
    assert.ok(error instanceof RateLimitError);
    assert.equal(error.code, 'rate_limit_exceeded');
    assert.equal(error.type, 'rate_limit_error');
    assert.ok((error.error as { gateway_code?: string }).gateway_code === 'provider_rate_limited');
    return true;
  });
});

test('errors are of the kind the client knows, and hold no key of ours', async (t) => {
  const { client, url, log } = await start(t);
  const ask = (content: string, model = 'openai/m') =>
    client.chat.completions.create({ model, messages: say(content) });
  await assert.rejects(ask('!fail 400'), BadRequestError);
  await assert.rejects(ask('!fail 413'), { status: 400, code: 'context_length_exceeded' });
  await assert.rejects(ask('!fail 500'), { status: 502, code: 'provider_failed' });
  await assert.rejects(ask('!fail 503'), { status: 503, code: 'provider_unavailable' });
  await assert.rejects(ask('x', 'nowhere/m'), { status: 404, code: 'model_not_found' });
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 });
  const asked = stranger.chat.completions.create({ model: 'openai/m', messages: say('x') });
  await assert.rejects(asked, AuthenticationError);
  await assert.rejects(asked, { code: 'invalid_api_key' });
  // Last, since a key that was refused may not be used for a while.
  await assert.rejects(ask('!fail 401'), { status: 502, code: 'provider_needs_auth' });
  assert.doesNotMatch(log.join('\n'), /sk-upstream-secret/);
});

test('a stream that breaks ends in an error, not as if it were whole', async (t) => {
  const { client } = await start(t);
  for (const fault of ['!reset stream', '!garbage stream']) {
    const stream = await client.chat.completions.create({
      ...{ model: 'openai/m', messages: say(`!say a b c d e f\n!chunks 6\n${fault}`), stream: true },
    });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, fault);
  }
});

test('a client that goes away ends the answer at the provider', async (t) => {
  const { client, mock } = await start(t);
  const stream = await client.chat.completions.create({
    ...{ model: 'openai/m', messages: say('!say a b c d e f g h i j\n!chunks 10\n!pace 50'), stream: true },
  });
  for await (const _ of stream) break;
  await mock.waitForAborts(1);
  const leaving = new AbortController();
  const asked = client.chat.completions.create(
    { model: 'openai/m', messages: say('!hang head') },
    { signal: leaving.signal },
  );
  asked.catch(() => {});
  while (mock.requests.length < 2) await new Promise((go) => setImmediate(go));
  leaving.abort();
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  await mock.waitForAborts(2);
});

test('a provider of another wire answers in this one, whole and streamed', async (t) => {
  const { client } = await start(t);
  const whole = await client.chat.completions.create({ model: 'fake/any', messages: say('Hello') });
  assert.equal(whole.choices[0]?.message.content, 'You said: Hello');
  assert.equal(whole.choices[0]?.finish_reason, 'stop');
  assert.equal(whole.object, 'chat.completion');
  const stream = await client.chat.completions.create({
    ...{ model: 'fake/any', messages: say('Hello'), stream: true, stream_options: { include_usage: true } },
  });
  const chunks = await Array.fromAsync(stream);
  assert.equal(chunks[0]?.choices[0]?.delta.role, 'assistant');
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'You said: Hello');
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.equal(chunks.at(-1)?.usage?.prompt_tokens, 2);
});
