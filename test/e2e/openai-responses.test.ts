import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { InjectedTools } from '../../src/contracts/models.ts';
import { createOpenaiResponsesRoutes } from '../../src/edges/openai-responses/routes.ts';
import { createHttpClient } from '../../src/upstreams/http/client.ts';
import { createResponsesChat } from '../../src/upstreams/models/openai-responses/responses-chat.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import {
  createScriptedModel,
  DOOR_KEY,
  type ModelDoors,
  openModelDoors,
  providerConfig,
  type ScriptedModel,
} from '../support/providers/model-doors.ts';
import { startResponsesMock } from '../support/providers/openai-responses.ts';

interface Scene {
  readonly client: OpenAI;
  readonly doors: ModelDoors;
  readonly mock: MockProvider;
  readonly scripted: ScriptedModel;
  /** What the provider was sent last. */
  sent(): { readonly [member: string]: unknown };
}

/** `real/…` speaks Responses, `told/…` nothing but neutral words. */
async function setUp(t: TestContext, injected?: InjectedTools): Promise<Scene> {
  const mock = await startResponsesMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  const config = providerConfig('real', `${mock.origin}/v1`);
  const scripted = createScriptedModel('told');
  const real = { ...scripted, id: 'real', config, chat: createResponsesChat({ http }, config) };
  const doors = await openModelDoors(createOpenaiResponsesRoutes, [real, scripted], injected);
  t.after(() => doors[Symbol.asyncDispose]());
  const client = new OpenAI({ apiKey: DOOR_KEY, baseURL: `${doors.origin}/v1`, maxRetries: 0 });
  const sent = () => (mock.requests.at(-1)?.json ?? {}) as { readonly [member: string]: unknown };
  return { client, doors, mock, scripted, sent };
}

const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
};

for (const [model, lane] of [
  ['real/gpt-6', 'passed on'],
  ['told/any', 'translated'],
] as const) {
  test(`${lane}: a text is answered, with its usage`, async (t) => {
    const { client, doors } = await setUp(t);
    const answer = await client.responses.create({ model, input: '!say Good day\n!usage 11 7 3 2' });
    assert.equal(answer.output_text, 'Good day');
    assert.equal(answer.status, 'completed');
    assert.equal(answer.usage?.total_tokens, 18);
    assert.equal(answer.usage?.input_tokens_details.cached_tokens, 3);
    const report = doors.calls[0]?.facts.model;
    assert.equal(report?.usage?.outputTokens, 7);
    assert.equal(report?.stop, 'end');
  });

  test(`${lane}: a stream has its events in order, and ends with the whole response`, async (t) => {
    const { client, doors } = await setUp(t);
    const stream = client.responses.stream({ model, input: '!think Well\n!say Good day to you\n!usage 11 7 3 2' });
    const types: string[] = [];
    const numbers: number[] = [];
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta;
    });
    for await (const event of stream) {
      types.push(event.type);
      numbers.push('sequence_number' in event ? event.sequence_number : -1);
    }
    const final = await stream.finalResponse();
    assert.equal(final.output_text, 'Good day to you');
    assert.equal(text, 'Good day to you');
    assert.equal(final.usage?.output_tokens, 7);
    const once = types.filter((type, i) => type !== types[i - 1]);
    assert.deepEqual(once, [
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => i),
    );
    assert.deepEqual(final.output[0]?.type === 'reasoning' && final.output[0].summary[0]?.text, 'Well');
    assert.equal(doors.calls[0]?.facts.model?.usage?.inputTokens, 11);
    assert.equal(doors.calls[0]?.facts.model?.stop, 'end');
  });

  test(`${lane}: parallel calls of tools come whole and streamed, and their results go back`, async (t) => {
    const { client } = await setUp(t);
    const input = '!call get_weather {"city":"Rome"}\n!call get_weather {"city":"Oslo"}';
    const whole = await client.responses.create({ model, input, tools: [WEATHER] });
    const calls = whole.output.filter((item) => item.type === 'function_call');
    assert.deepEqual(
      calls.map((call) => call.arguments),
      ['{"city":"Rome"}', '{"city":"Oslo"}'],
    );
    const streamed = await client.responses.stream({ model, input, tools: [WEATHER] }).finalResponse();
    assert.deepEqual(
      streamed.output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : [])),
      ['{"city":"Rome"}', '{"city":"Oslo"}'],
    );
    const outputs = calls.map(({ call_id }, i) => ({
      type: 'function_call_output' as const,
      call_id,
      output: `${i} °C`,
    }));
    const next = await client.responses.create({
      model,
      input: [{ role: 'user', content: input }, ...(whole.output as OpenAI.Responses.ResponseInputItem[]), ...outputs],
      tools: [WEATHER],
    });
    assert.equal(next.output_text, 'Tool said: 0 °C\nTool said: 1 °C');
  });

  test(`${lane}: a structured answer is parsed by the SDK`, async (t) => {
    const { client } = await setUp(t);
    const format = zodTextFormat(z.object({ city: z.string(), days: z.number() }), 'trip');
    const parsed = await client.responses.parse({ model, input: '!say {"city":"Rome","days":3}', text: { format } });
    assert.deepEqual(parsed.output_parsed, { city: 'Rome', days: 3 });
  });

  test(`${lane}: an image arrives`, async (t) => {
    const { client } = await setUp(t);
    const image_url = `data:image/png;base64,${Buffer.from('not really').toString('base64')}`;
    const answer = await client.responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', image_url, detail: 'low' },
          ],
        },
      ],
    });
    assert.match(answer.output_text, /image image\/png/);
  });

  test(`${lane}: an answer that was cut is incomplete, and says why`, async (t) => {
    const { client, doors } = await setUp(t);
    const input = '!say half\n!stop max-tokens';
    const whole = await client.responses.create({ model, input });
    const streamed = await client.responses.stream({ model, input }).finalResponse();
    for (const answer of [whole, streamed]) {
      assert.equal(answer.status, 'incomplete');
      assert.deepEqual(answer.incomplete_details, { reason: 'max_output_tokens' });
    }
    assert.deepEqual(
      doors.calls.map(({ facts }) => facts.model?.stop),
      ['max-tokens', 'max-tokens'],
    );
  });

  test(`${lane}: a provider that takes no more is a RateLimitError that tells who was tried`, async (t) => {
    const { client } = await setUp(t);
    await assert.rejects(client.responses.create({ model, input: '!fail 429 7' }), (error: unknown) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.code, 'rate_limit_exceeded');
      const body = error.error as { gateway_code: string; attempts: { status: number; key?: string }[] };
      assert.equal(body.gateway_code, 'provider_rate_limited');
      assert.equal(body.attempts[0]?.status, 429);
      assert.equal(body.attempts[0]?.key, undefined);
      return true;
    });
  });

  test(`${lane}: a stream that breaks is an error, never a short answer`, async (t) => {
    const { client } = await setUp(t);
    const stream = await client.responses.create({ model, input: '!say one two three\n!reset stream', stream: true });
    const types: string[] = [];
    await assert.rejects(async () => {
      for await (const event of stream) types.push(event.type);
    }, OpenAI.APIError);
    assert.ok(types.includes('response.output_text.delta'));
    assert.ok(!types.includes('response.completed'));
  });

  test(`${lane}: the model declines in words`, async (t) => {
    const { client } = await setUp(t);
    const streamed = await client.responses.stream({ model, input: '!refuse I had rather not' }).finalResponse();
    const [item] = streamed.output;
    const [said] = item?.type === 'message' ? item.content : [];
    assert.equal(said?.type === 'refusal' && said.refusal, 'I had rather not');
    assert.equal(streamed.status, 'completed');
  });
}

test('a request for a provider that speaks Responses is changed in nothing but the name of the model', async (t) => {
  const { doors, mock } = await setUp(t);
  const body =
    '{ "stream" : false,"model":"real/gpt-6", "input":"hi","x_future":{"a":1.50},"store":true,"background":false }';
  const headers = {
    ...{ authorization: `Bearer ${DOOR_KEY}`, 'content-type': 'application/json', 'session-id': 's-1' },
    ...{ 'x-codex-turn-metadata': 'm', 'openai-beta': 'b', 'openai-organization': 'theirs', 'x-other': 'no' },
  };
  const response = await fetch(`${doors.origin}/openai/v1/responses`, { method: 'POST', body, headers });
  assert.equal(response.status, 200);
  const [seen] = mock.requests;
  assert.equal(
    seen?.body.toString(),
    '{"stream" : false,"model":"gpt-6","input":"hi","x_future":{"a":1.50},"store":true,"background":false}',
  );
  assert.equal(seen?.headers.authorization, 'Bearer sk-upstream-secret');
  assert.equal(seen?.headers['session-id'], 's-1');
  assert.equal(seen?.headers['x-codex-turn-metadata'], 'm');
  assert.equal(seen?.headers['openai-beta'], 'b');
  assert.equal(seen?.headers['openai-organization'], undefined);
  assert.equal(seen?.headers['x-other'], undefined);
});

test('what such a provider streams reaches the client byte for byte', async (t) => {
  const { doors, mock } = await setUp(t);
  const ask = (origin: string, key: string, model: string) =>
    fetch(`${origin}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: '!think äöü\n!say schöne Grüße ☃\n!call f {"a":1}', stream: true }),
    });
  const through = await (await ask(doors.origin, DOOR_KEY, 'real/gpt-6')).text();
  const direct = await (await ask(mock.origin, 'sk-any', 'gpt-6')).text();
  const withoutDigest = (text: string) => text.replace(/[0-9a-f]{24,}/g, '#');
  assert.equal(withoutDigest(through), withoutDigest(direct));
});

test('tools of the gateway stand behind those of the caller, on both ways', async (t) => {
  const parameters = '{"type":"object","x-kept":1.0}';
  const injected: InjectedTools = {
    tools: [{ name: 'search_docs', description: 'Search', parameters }],
    fragment: (_dialect, render) => render(injected.tools),
  };
  const { client, sent } = await setUp(t, injected);
  await client.responses.create({ model: 'real/gpt-6', input: 'hi', tools: [WEATHER] });
  const names = () => (sent().tools as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names(), ['get_weather', 'search_docs']);
  await client.responses.create({ model: 'real/gpt-6', input: 'hi' });
  assert.deepEqual(names(), ['search_docs']);
});

test('a client that goes away ends the answer at the provider', async (t) => {
  const { client, mock } = await setUp(t);
  const stream = await client.responses.create({
    ...{ model: 'real/gpt-6', input: '!say a b c d e f\n!chunks 11\n!pace 200', stream: true },
  });
  for await (const event of stream as AsyncIterable<{ type: string }>)
    if (event.type === 'response.output_text.delta') break;
  await mock.waitForAborts(1);
  assert.equal(mock.aborted(), 1);
});

test('what is kept at the provider can be asked for there only', async (t) => {
  const { client, sent } = await setUp(t);
  await client.responses.create({ model: 'real/gpt-6', input: 'hi', previous_response_id: 'resp_1', store: true });
  assert.equal(sent().previous_response_id, 'resp_1');
  const kept = [{ previous_response_id: 'resp_1' }, { conversation: 'conv_1' }, { background: true }];
  for (const each of kept) {
    const [member = ''] = Object.keys(each);
    await assert.rejects(client.responses.create({ model: 'told/any', input: 'hi', ...each }), (error: unknown) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, 'unsupported_by_model');
      assert.match(error.message, new RegExp(member));
      return true;
    });
  }
});

test('a request at fault is refused in words that name the member', async (t) => {
  const { client } = await setUp(t);
  const input = [{ type: 'function_call', call_id: 'c', name: 'f' }] as never;
  await assert.rejects(client.responses.create({ model: 'told/any', input }), {
    status: 400,
    message: /input\[0\]\.arguments must be a string/,
  });
});

test('what Codex sends is understood, and answered with the groups of its tools', async (t) => {
  const { doors, scripted } = await setUp(t);
  const fixture = new URL('../fixtures/dialects/openai-responses/codex-request.json', import.meta.url);
  const { wire } = JSON.parse(readFileSync(fixture, 'utf8')) as { wire: { input: object[] } };
  const prompt = '!call create_issue {"title":"hi"}\n!call apply_patch *** Begin Patch';
  const input = [...wire.input, { type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }];
  const response = await fetch(`${doors.origin}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${DOOR_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...wire, input, model: 'told/any' }),
  });
  const events = (await response.text())
    .split('\n')
    .flatMap((line) =>
      line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as { type: string; item?: object }] : [],
    );
  const done = events.flatMap(({ type, item }) => (type === 'response.output_item.done' ? [item] : []));
  const called = { status: 'completed', type: 'function_call', call_id: 'call_0', name: 'create_issue' };
  assert.deepEqual(done, [
    { id: 'fc_abc123000', ...called, namespace: 'mcp__github', arguments: '{"title":"hi"}' },
    {
      ...{ id: 'ctc_abc123001', type: 'custom_tool_call', status: 'completed', call_id: 'call_1', name: 'apply_patch' },
      input: '*** Begin Patch',
    },
  ]);
  assert.equal(events.at(-1)?.type, 'response.completed');
  const [asked] = scripted.asked;
  assert.deepEqual(
    asked?.tools.map((tool) => [tool.type, tool.name, tool.type !== 'foreign' && tool.namespace]),
    [
      ['function', 'exec_command', undefined],
      ['custom', 'apply_patch', undefined],
      ['function', 'create_issue', 'mcp__github'],
      ['function', 'list_issues', 'mcp__github'],
      ['foreign', 'web_search', false],
    ],
  );
});

test('items as SDKs give them back are taken: without types, with ids, as bare strings', async (t) => {
  const { client, scripted } = await setUp(t);
  const input = [
    { role: 'user', content: 'first' },
    { role: 'assistant', content: 'one' },
    {
      id: 'fc_1',
      type: 'function_call',
      status: 'completed',
      call_id: 'c',
      name: 'f',
      arguments: '{}',
      parsed_arguments: null,
    },
    { type: 'function_call_output', call_id: 'c', output: 'done' },
    { role: 'user', content: 'second' },
  ] as OpenAI.Responses.ResponseInputItem[];
  const answer = await client.responses.create({
    model: 'told/any',
    instructions: null,
    input,
    tools: [],
    metadata: null,
  });
  assert.equal(answer.output_text, 'You said: second');
  assert.deepEqual(
    scripted.asked[0]?.messages.map(({ role, parts }) => [role, parts.length]),
    [
      ['user', 1],
      ['assistant', 2],
      ['tool', 1],
      ['user', 1],
    ],
  );
});

test('without a key nobody gets in', async (t) => {
  const { doors } = await setUp(t);
  const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: `${doors.origin}/openai`, maxRetries: 0 });
  await assert.rejects(stranger.responses.create({ model: 'told/any', input: 'hi' }), OpenAI.AuthenticationError);
});
