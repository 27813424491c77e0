import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AnthropicMockOptions, startAnthropicMock } from '../../../../test/support/providers/anthropic.ts';
import type { ChatEvent, ChatRequest } from '../../../contracts/chat.ts';
import {
  type ChatModelRequest,
  type InjectedTools,
  type ModelReport,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { Secret } from '../../../contracts/secret.ts';
import { createHttpClient } from '../../http/client.ts';
import { refuseToTranslate } from '../refuse-to-translate.ts';
import { createAnthropicProvider } from './anthropic-provider.ts';

const KEY = { name: 'key1', value: new Secret('sk-provider'), weight: 1, models: ['*'] };
const ASKED: ChatRequest = {
  ...{ dialect: 'openai-chat', tools: [], stream: false },
  messages: [{ role: 'user', parts: [{ type: 'text', text: '!think Hm\n!say Fine\n!usage 9 4 3' }] }],
};
const INJECTED: InjectedTools = {
  tools: [{ name: 'ours', description: 'd', parameters: '{"type":"object"}' }],
  fragment: (_, render) => render(INJECTED.tools),
};

async function start(t: TestContext, config: Partial<ProviderConfig> = {}, options: AnthropicMockOptions = {}) {
  const mock = await startAnthropicMock(options);
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await mock[Symbol.asyncDispose]();
  });
  const whole = {
    ...{ id: 'a', type: 'anthropic', baseUrl: mock.origin, headers: {}, maxAnswerBytes: 1_000_000 },
    quirks: { refuses: [], renames: {}, streamUsage: true, has: [] },
    ...config,
  } as unknown as ProviderConfig;
  const provider = refuseToTranslate(createAnthropicProvider({ http, now: () => 5_000, randomHex: () => 'ab' }, whole));
  const call = (
    more: Partial<ChatModelRequest> & { readonly text?: string } = {},
    rest: Partial<ProviderCall> = {},
  ): ProviderCall<ChatModelRequest> & { report: ModelReport } => {
    const text = more.text ?? '{}';
    const { operation = 'chat', dialect = 'openai-chat', stream = false, passOnly } = more;
    return {
      request: {
        ...{ operation, dialect, stream, passOnly, headers: more.headers ?? new Map() },
        wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
        chat: more.chat ?? (() => ({ ...ASKED, stream })),
      },
      body: { text, value: JSON.parse(text) },
      ...{ model: 'claude-opus-5', key: KEY, injected: undefined, signal: new AbortController().signal },
      ...{ firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000, traceparent: undefined },
      report: { attempts: [], dropped: [], outputChars: 0 },
      ...rest,
    } as ProviderCall<ChatModelRequest>;
  };
  const { chat, countTokens, listModels } = provider;
  assert.ok(chat !== undefined && countTokens !== undefined && listModels !== undefined);
  return { mock, call, chat, countTokens, listModels };
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

test('a neutral request is written, and its answer read, whole and streamed', async (t) => {
  const { mock, call, chat } = await start(t);
  const whole = call();
  const outcome = await chat(whole);
  assert.ok(outcome.type === 'chat' && outcome.answer.lane === 'neutral');
  const { choices, usage, createdAtS } = outcome.answer.value;
  assert.deepEqual(
    choices[0]?.parts.map((part) => 'text' in part && part.text),
    ['Hm', 'Fine'],
  );
  assert.deepEqual([usage?.inputTokens, usage?.cachedTokens, usage?.outputTokens, createdAtS], [9, 3, 4, 5]);
  assert.deepEqual([whole.report.usage, whole.report.stop, whole.report.outputChars], [usage, 'end', 6]);
  const [sent] = mock.requests;
  assert.equal((sent?.json as { max_tokens?: number } | undefined)?.max_tokens, 128_000);

  const streamed = call({ stream: true });
  const second = await chat(streamed);
  assert.ok(second.type === 'chat-stream' && second.stream.lane === 'neutral');
  const events: ChatEvent[] = (await collect(second.stream.value)).flat();
  assert.equal(events.map((event) => (event.type === 'delta' ? event.text : '')).join(''), 'HmFine');
  assert.deepEqual([streamed.report.usage, streamed.report.stop, streamed.report.outputChars], [usage, 'end', 6]);
});

test('a stream on the passing lane is forwarded byte for byte, and what it took is noted', async (t) => {
  const { call, chat } = await start(t);
  const text =
    '{"model":"x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"!say Grüße\\n!think a\\n!call f {\\"x\\":\\"y\\"}\\n!usage 9 4 3"}]}';
  const passed = call({ dialect: 'anthropic', stream: true, text });
  const outcome = await chat(passed);
  assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'pass');
  const bytes = Buffer.concat(await collect(outcome.stream.value)).toString('utf8');
  assert.match(bytes, /^event: message_start\n.*event: message_stop\ndata: \{"type":"message_stop"\}\n\n$/s);
  const { usage, stop, outputChars } = passed.report;
  assert.deepEqual([usage?.inputTokens, usage?.outputTokens, usage?.cachedTokens, stop], [9, 4, 3, 'tool-calls']);
  // Text, thought, arguments as they are escaped on the wire, and the signature.
  assert.ok(outputChars >= 'Grüße'.length + 1 + '{"x":"y"}'.length && outputChars < 40, String(outputChars));
});

test('what a client says of versions and betas goes along, and what the configuration says goes before it', async (t) => {
  const { mock, call, chat } = await start(t, {
    headers: { 'X-Team': new Secret('seven'), 'anthropic-version': new Secret('v9') },
  });
  const headers = new Map([
    ['anthropic-beta', 'one,two'],
    ['anthropic-version', '2023-06-01'],
    ['anthropic-dangerous-direct-browser-access', 'true'],
  ]);
  await chat(call({ dialect: 'anthropic', headers, text: '{"model":"x","max_tokens":9,"messages":[]}' }));
  const sent = mock.requests[0]?.headers ?? {};
  assert.deepEqual(
    [
      sent['x-api-key'],
      sent['anthropic-beta'],
      sent['anthropic-version'],
      sent['x-team'],
      sent['anthropic-dangerous-direct-browser-access'],
    ],
    ['sk-provider', 'one,two', 'v9', 'seven', undefined],
  );
});

test('tools of the gateway go along on both lanes', async (t) => {
  const { mock, call, chat } = await start(t);
  await chat(call({}, { injected: INJECTED }));
  const text = '{"model":"x","max_tokens":9,"messages":[],"tools":[{"name":"own","input_schema":{"type":"object"}}]}';
  await chat(call({ dialect: 'anthropic', text }, { injected: INJECTED }));
  const names = mock.requests.map(({ json }) => (json as { tools: { name: string }[] }).tools.map(({ name }) => name));
  assert.deepEqual(names, [['ours'], ['own', 'ours']]);
});

test('members that a compatible vendor refuses are left out and named, on both lanes', async (t) => {
  const quirks = { refuses: ['metadata'], renames: {}, streamUsage: true, has: [] };
  const { mock, call, chat } = await start(t, { quirks });
  const passed = call({
    dialect: 'anthropic',
    text: '{"model":"x","max_tokens":9,"metadata":{"user_id":"u"},"messages":[]}',
  });
  await chat(passed);
  assert.deepEqual(
    [passed.report.dropped, mock.requests[0]?.body.toString()],
    [['metadata'], '{"model":"claude-opus-5","max_tokens":9,"messages":[]}'],
  );
  const translated = call({ chat: () => ({ ...ASKED, user: 'u' }) });
  await chat(translated);
  assert.deepEqual(translated.report.dropped, ['metadata']);
  assert.ok(!Object.hasOwn(mock.requests[1]?.json as object, 'metadata'));
});

test('tokens are counted for both lanes, without a word about the answer', async (t) => {
  const { mock, call, countTokens } = await start(t);
  const translated = await countTokens(call({ operation: 'count' }));
  assert.ok(translated.answer.lane === 'neutral' && translated.answer.value.inputTokens > 0);
  assert.deepEqual(Object.keys(mock.requests[0]?.json as object), ['model', 'messages']);
  const passed = await countTokens(
    call({ operation: 'count', dialect: 'anthropic', text: '{"model":"x","messages":[]}' }),
  );
  assert.deepEqual(passed.answer, { lane: 'pass', value: '{"input_tokens":1}' });
});

test('its models are listed with what is known of them', async (t) => {
  const { listModels } = await start(t);
  const [first] = await listModels({ key: KEY, signal: new AbortController().signal, timeoutMs: 5_000 });
  assert.deepEqual(first, {
    ...{ name: 'claude-opus-5', displayName: 'claude-opus-5', createdAtS: Date.UTC(2026, 4, 1) / 1_000 },
    ...{ contextTokens: 200_000, maxOutputTokens: 64_000 },
  });
});

test('failures are told apart, and no key stands in what is told', async (t) => {
  const { call, chat } = await start(t);
  const failure = async (
    prompt: string,
    more: Partial<ProviderCall> = {},
    stream = false,
  ): Promise<ProviderFailure> => {
    const parts = [{ type: 'text' as const, text: prompt }];
    const asked = call({ stream, chat: () => ({ ...ASKED, stream, messages: [{ role: 'user', parts }] }) }, more);
    return chat(asked).then(
      async (outcome) => {
        assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'neutral');
        await collect(outcome.stream.value);
        return assert.fail('it did not fail');
      },
      (error: unknown) => {
        assert.ok(error instanceof ProviderFailure, String(error));
        return error;
      },
    );
  };
  assert.equal((await failure('!fail 429 3')).retryAfterMs, 3_000);
  assert.equal((await failure('!fail 529')).kind, 'overloaded');
  assert.equal((await failure('!fail 413')).kind, 'context-too-long');
  assert.equal((await failure('!fail 400')).publicText, 'It was told to fail');
  assert.equal((await failure('!garbage head')).kind, 'malformed');
  assert.equal((await failure('!reset head')).kind, 'connection-lost');
  assert.equal((await failure('!garbage head', {}, true)).kind, 'connection-lost');
  const wrong = { ...KEY, value: new Secret('wrong-provider-key') };
  const unauthorized = await failure('Hi', { key: wrong });
  assert.equal(unauthorized.kind, 'unauthorized');
  assert.ok(!unauthorized.message.includes('wrong-provider-key'), unauthorized.message);
});

test('a stream that breaks off fails while it is read, on both lanes', async (t) => {
  const { call, chat } = await start(t);
  const prompt = '!say one two three\\n!chunks 9\\n!reset stream';
  const text = `{"model":"x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"${prompt}"}]}`;
  const parts = [{ type: 'text' as const, text: JSON.parse(`"${prompt}"`) as string }];
  const calls = [
    call({ dialect: 'anthropic', stream: true, text }),
    call({ stream: true, chat: () => ({ ...ASKED, stream: true, messages: [{ role: 'user', parts }] }) }),
  ];
  for (const each of calls) {
    const outcome = await chat(each);
    assert.ok(outcome.type === 'chat-stream');
    await assert.rejects(collect<unknown>(outcome.stream.value), { kind: 'connection-lost' });
    assert.ok(each.report.outputChars > 0);
  }
});

test('what can only be forwarded is forwarded here, and refused where it would be translated', async (t) => {
  const { call, chat } = await start(t);
  const text = '{"model":"x","max_tokens":9,"messages":[],"thread":{"type":"create"}}';
  const passOnly = 'thread: kept by the provider';
  assert.equal((await chat(call({ dialect: 'anthropic', passOnly, text }))).type, 'chat');
  await assert.rejects(chat(call({ passOnly })), { kind: 'unsupported', publicText: passOnly });
});

test('a stream that nobody reads is given up', async (t) => {
  const { mock, call, chat } = await start(t);
  const parts = [{ type: 'text' as const, text: '!say one two three\n!chunks 9\n!pace 1000' }];
  const outcome = await chat(
    call({ stream: true, chat: () => ({ ...ASKED, stream: true, messages: [{ role: 'user', parts }] }) }),
  );
  assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'neutral');
  await outcome.stream.value[Symbol.asyncIterator]().return?.();
  await mock.waitForAborts(1);

  // In the middle of waiting it is no failure of the provider's.
  const second = await chat(
    call({ stream: true, chat: () => ({ ...ASKED, stream: true, messages: [{ role: 'user', parts }] }) }),
  );
  assert.ok(second.type === 'chat-stream' && second.stream.lane === 'neutral');
  const iterator = second.stream.value[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = iterator.next();
  await iterator.return?.();
  assert.equal((await waiting).done, true);
  await mock.waitForAborts(2);
});
