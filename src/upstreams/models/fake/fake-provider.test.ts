import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatAnswer, ChatEvent, ChatRequest } from '../../../contracts/chat.ts';
import {
  type ChatModelRequest,
  type EmbedModelRequest,
  type ModelProvider,
  type ModelReport,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { createHttpClient } from '../../http/client.ts';
import { createFakeProvider } from './fake-provider.ts';

const CONFIG = { id: 'fake', type: 'fake', keys: [] } as unknown as ProviderConfig;
const create = (): ModelProvider =>
  createFakeProvider({ http: createHttpClient(), now: () => 5_000, randomHex: (n) => 'a'.repeat(n) }, CONFIG);

interface Options {
  readonly model?: string;
  readonly signal?: AbortSignal;
  readonly request?: Partial<ChatRequest>;
}
const newReport = (): ModelReport => ({ attempts: [], dropped: [], outputChars: 0 });

function callOf<R extends ModelRequest>(
  request: R,
  { model = 'echo', signal }: Options,
  report = newReport(),
): ProviderCall<R> {
  return {
    ...{ request, body: { text: '{}', value: {} }, model, key: undefined, injected: undefined },
    ...{ signal: signal ?? new AbortController().signal, firstByteTimeoutMs: 5, idleTimeoutMs: 5 },
    ...{ traceparent: undefined, report },
  };
}

function chatCall(prompt: string, stream: boolean, options: Options = {}, report?: ModelReport) {
  const chat: ChatRequest = {
    ...{
      dialect: 'openai-chat',
      messages: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }],
      tools: [],
      stream,
    },
    ...options.request,
  };
  const wishes = { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false };
  const request: ChatModelRequest = {
    ...{ operation: 'chat', dialect: 'openai-chat', stream, wishes, headers: new Map(), chat: () => chat },
  };
  return callOf(request, options, report);
}

async function say(prompt: string, options: Options = {}, provider = create()): Promise<ChatAnswer> {
  const outcome = await provider.chat?.(chatCall(prompt, false, options));
  assert.ok(outcome?.type === 'chat' && outcome.answer.lane === 'neutral');
  return outcome.answer.value;
}

async function openStream(prompt: string, options: Options = {}, report?: ModelReport) {
  const outcome = await create().chat?.(chatCall(prompt, true, options, report));
  assert.ok(outcome?.type === 'chat-stream' && outcome.stream.lane === 'neutral');
  return outcome.stream.value[Symbol.asyncIterator]();
}

async function readAll(iterator: AsyncIterator<readonly ChatEvent[]>): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return events;
    events.push(...value);
  }
}

const isFailure = (kind: string) => (error: unknown) => error instanceof ProviderFailure && error.kind === kind;

test('without directives it repeats what was said, and counts a token for four characters', async () => {
  const { choices, usage } = await say('hello world!');
  assert.deepEqual(choices, [{ parts: [{ type: 'text', text: 'You said: hello world!' }], stop: 'end' }]);
  assert.deepEqual(usage, { inputTokens: 3, outputTokens: 6 });
});

test('each directive is followed: words, thoughts, refusals, parallel calls, usage, stop', async () => {
  const { choices, usage } = await say('!think hm\n!say one\n!call a {"x":1}\n!call b\n!usage 10 5 4 3\n!stop pause');
  assert.deepEqual(
    choices[0]?.parts.map((part) => (part.type === 'tool-call' ? [part.name, part.arguments] : part)),
    [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'one' }, ['a', '{"x":1}'], ['b', '{}']],
  );
  assert.equal(choices[0]?.stop, 'pause');
  assert.deepEqual(usage, { inputTokens: 10, outputTokens: 5, cachedTokens: 4, reasoningTokens: 3 });
  assert.equal((await say('!usage none')).usage, undefined);
  assert.deepEqual((await say('!refuse no')).choices[0]?.parts, [{ type: 'refusal', text: 'no' }]);
  assert.equal((await say('!call a')).choices[0]?.stop, 'tool-calls');
});

test('what a stream says is what the whole answer says, however it is cut', async () => {
  const line = fc.constantFrom(
    '!say äöü 🎈 words',
    '!think deep',
    '!call f {"a":[1,2]}',
    '!refuse no',
    'plain',
    '!usage 1 2',
    '!stop max-tokens',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), async (lines, chunks) => {
      const prompt = [...lines, `!chunks ${chunks}`].join('\n');
      const report = newReport();
      const events = await readAll(await openStream(prompt, {}, report));
      const texts = new Map<number, string>();
      for (const event of events)
        if (event.type === 'delta') texts.set(event.part, (texts.get(event.part) ?? '') + event.text);
      const whole = await say(prompt);
      const parts = whole.choices[0]?.parts ?? [];
      const said = parts.map((part) => (part.type === 'tool-call' ? part.arguments : 'text' in part ? part.text : ''));
      assert.deepEqual(
        parts.map((_, i) => texts.get(i) ?? ''),
        said,
      );
      assert.equal(events.at(-1)?.type, 'end');
      assert.deepEqual([report.usage, report.stop], [whole.usage, whole.choices[0]?.stop]);
      assert.equal(report.outputChars, said.join('').length);
    }),
    { numRuns: 50 },
  );
});

test('a fault before the answer is the failure a real provider would give, so often as the prompt says', async () => {
  const provider = create();
  const limited = (error: unknown) =>
    error instanceof ProviderFailure && error.kind === 'rate-limited' && error.retryAfterMs === 7_000;
  await assert.rejects(say('!fail 429 7 *2', {}, provider), limited);
  await assert.rejects(say('!fail 429 7 *2', {}, provider), limited);
  assert.ok(await say('!fail 429 7 *2', {}, provider));
  await assert.rejects(say('!fail 500'), isFailure('server-error'));
  await assert.rejects(say('!reset head'), isFailure('connection-lost'));
  await assert.rejects(say('!garbage head'), isFailure('malformed'));
  await assert.rejects(say('!hang head'), isFailure('timeout'));
  await assert.rejects(openStream('!fail 503'), isFailure('overloaded'));
});

test('a fault in the stream comes after part of it', async () => {
  for (const [prompt, kind] of [
    ['!reset stream', 'connection-lost'],
    ['!garbage stream', 'malformed'],
    ['!hang stream', 'timeout'],
  ] as const) {
    const report = newReport();
    const iterator = await openStream(`${prompt}\n!say a long enough text`, {}, report);
    await assert.rejects(readAll(iterator), isFailure(kind));
    assert.ok(report.outputChars > 0, 'something came');
    assert.equal(report.usage, undefined, 'and its usage never did');
  }
});

test('an abort ends every wait, before the answer and in the middle of it', async () => {
  const aborting = new AbortController();
  const answer = say('!delay 600000', { signal: aborting.signal });
  aborting.abort();
  await assert.rejects(answer, isFailure('cancelled'));

  const second = new AbortController();
  const iterator = await openStream('!pace 600000', { signal: second.signal });
  assert.equal((await iterator.next()).done, false);
  const pending = iterator.next();
  second.abort();
  await assert.rejects(pending, isFailure('cancelled'));
});

test('leaving a stream ends the wait under way, also where it was never begun', async () => {
  const iterator = await openStream('!pace 600000');
  await iterator.next();
  const pending = iterator.next();
  await iterator.return?.();
  assert.equal((await pending).done, true);
  const unread = await openStream('hello');
  await unread.return?.();
  assert.equal((await unread.next()).done, true);
});

const TOOL = {
  type: 'function' as const,
  name: 'add',
  namespace: 'math',
  parameters: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
};

test('the model `tools` calls the first tool it is given, and then says what it was told', async () => {
  const [part] = (await say('go', { model: 'tools', request: { tools: [TOOL] } })).choices[0]?.parts ?? [];
  assert.ok(part?.type === 'tool-call');
  assert.deepEqual([part.name, part.namespace, part.arguments], ['add', 'math', '{"a":0}']);
  const messages: ChatRequest['messages'] = [
    { role: 'user', parts: [{ type: 'text', text: 'go' }] },
    { role: 'assistant', parts: [part] },
    { role: 'tool', callId: part.id, parts: [{ type: 'text', text: '42' }] },
  ];
  const after = await say('', { model: 'tools', request: { tools: [TOOL], messages } });
  assert.deepEqual(after.choices[0]?.parts, [{ type: 'text', text: 'Tool said: 42' }]);
});

test('a tool that must be called is called, and a form that must be kept is kept', async () => {
  const forced = { tools: [{ ...TOOL, name: 'sub' }, TOOL], toolChoice: { type: 'tool' as const, name: 'add' } };
  const [part] = (await say('go', { request: forced })).choices[0]?.parts ?? [];
  assert.equal(part?.type === 'tool-call' && part.name, 'add');
  const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
  const formed = await say('go', { request: { output: { type: 'json-schema', schema } } });
  assert.deepEqual(formed.choices[0]?.parts, [{ type: 'text', text: '{"ok":false}' }]);
  const told = await say('!say {"ok":true}', { request: { output: { type: 'json-schema', schema } } });
  assert.deepEqual(told.choices[0]?.parts, [{ type: 'text', text: '{"ok":true}' }]);
});

test('what came besides text is named in the answer', async () => {
  const parts = [
    { type: 'text' as const, text: 'see' },
    { type: 'image' as const, source: { type: 'base64' as const, mediaType: 'image/png', data: 'AAAA' } },
  ];
  const { choices } = await say('', { request: { messages: [{ role: 'user', parts }] } });
  assert.deepEqual(choices[0]?.parts, [{ type: 'text', text: 'You said: see [image image/png 3 B]' }]);
});

test('vectors have unit length, are the same for the same text, and lie nearer for texts that share words', async () => {
  const provider = create();
  const wishes = { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false };
  const embed = async (...inputs: string[]): Promise<readonly (readonly number[])[]> => {
    const request: EmbedModelRequest = {
      ...{ operation: 'embed', dialect: 'openai', wishes, headers: new Map() },
      embed: () => ({ dialect: 'openai', inputs, single: false, dimensions: 256 }),
    };
    const outcome = await provider.embed?.(callOf(request, {}));
    assert.ok(outcome?.type === 'embeddings' && outcome.answer.lane === 'neutral');
    return outcome.answer.value.vectors;
  };
  const [a = [], b = [], c = []] = await embed(
    'the cat sat on the mat',
    'The cat sat on a mat.',
    'stocks fell sharply today',
  );
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, each, i) => sum + each * (y[i] ?? 0), 0);
  assert.ok(Math.abs(dot(a, a) - 1) < 1e-9);
  assert.ok(dot(a, b) > dot(a, c));
  assert.deepEqual((await embed('the cat sat on the mat'))[0], a);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      const [vector = []] = await embed(text);
      assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-9);
    }),
    { numRuns: 100 },
  );
});

test('it counts the tokens of a conversation as it bills them, and tells of its models', async () => {
  const provider = create();
  const outcome = await provider.countTokens?.(chatCall('hello world!', false));
  assert.deepEqual(outcome?.answer, { lane: 'neutral', value: { inputTokens: 3 } });
  const models = await provider.listModels?.({ key: undefined, signal: new AbortController().signal, timeoutMs: 1 });
  assert.ok(models?.some(({ name }) => name === 'echo') && models.some(({ name }) => name === 'tools'));
});
