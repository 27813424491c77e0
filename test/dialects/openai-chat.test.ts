/** Chat completions, both faces against each other: what the one writes the other reads, and nothing gets lost on the way. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type {
  AssistantPart,
  ChatAnswer,
  ChatEvent,
  ChatMessage,
  ChatRequest,
  ChatTool,
} from '../../src/contracts/chat.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { ModelReport } from '../../src/contracts/models.ts';
import { decodeChat } from '../../src/edges/openai-chat/decode-chat.ts';
import { encodeAnswer } from '../../src/edges/openai-chat/encode-answer.ts';
import { createChatStreamEncoder } from '../../src/edges/openai-chat/encode-stream.ts';
import { decodeAnswer } from '../../src/upstreams/models/openai/decode-answer.ts';
import { decodeStream } from '../../src/upstreams/models/openai/decode-stream.ts';
import { type ChatHabits, encodeChat } from '../../src/upstreams/models/openai/encode-chat.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';
import { foldEvents } from '../support/fold-events.ts';

const HABITS: ChatHabits = {
  ...{ isOpenai: true, isKnown: true },
  quirks: { refuses: [], renames: {}, streamUsage: true, has: [], takes: ['top_k', 'reasoning_content'] },
};
const names = () => createToolNames({ character: /[a-zA-Z0-9_-]/, maxChars: 64 });
const ids = { now: () => 0, randomHex: (digits: number) => '0'.repeat(digits) };
const encode = (request: ChatRequest, habits = HABITS) => {
  const { text, dropped } = encodeChat(request, { model: 'm', stream: request.stream, injected: undefined, habits });
  return { body: JSON.parse(text) as JsonObject, dropped };
};
const decode = (body: JsonObject): ChatRequest => {
  const { model: _, ...rest } = body;
  return decodeChat(rest);
};

const bare = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const id = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const defined = <T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  arbitrary.map((value) => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const base64 = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const object = fc.dictionary(id, fc.oneof(fc.string(), fc.integer(), fc.boolean()), { maxKeys: 3 });

const text = word.map((each) => ({ type: 'text' as const, text: each }));
const image = defined(
  fc.record({
    type: fc.constant('image' as const),
    source: fc.oneof(
      base64.map((data) => ({ type: 'base64' as const, mediaType: 'image/png', data })),
      id.map((path) => ({ type: 'url' as const, url: `https://x.test/${path}` })),
    ),
    detail: maybe(fc.constantFrom('auto' as const, 'low' as const, 'high' as const)),
  }),
);
const sound = base64.map((data) => ({
  ...{ type: 'audio' as const, source: { type: 'base64' as const, mediaType: 'audio/mpeg', data } },
}));
const file = fc.record({
  type: fc.constant('document' as const),
  source: base64.map((data) => ({ type: 'base64' as const, mediaType: 'application/pdf', data })),
  name: word,
});
const toolCall = fc
  .record({ id, name: id, text: fc.json(), custom: fc.boolean() })
  .map(({ text: written, custom, ...rest }) => ({
    ...{ type: 'tool-call' as const, ...rest, arguments: written },
    ...(custom ? { custom: true as const } : {}),
  }));
const reasoning = word.map((each) => ({ type: 'reasoning' as const, text: each }));
const parts = (...some: readonly fc.Arbitrary<readonly AssistantPart[]>[]): fc.Arbitrary<readonly AssistantPart[]> =>
  fc.tuple(...some).map((each) => each.flat());
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { maxLength });

const message: fc.Arbitrary<ChatMessage> = fc.oneof(
  defined(
    fc.record({
      ...{ role: fc.constant('system' as const), voice: maybe(fc.constant('developer' as const)) },
      ...{ parts: fc.array(text, { minLength: 1, maxLength: 2 }), name: maybe(id) },
    }),
  ),
  defined(
    fc.record({
      ...{ role: fc.constant('user' as const), name: maybe(id) },
      parts: fc.array(fc.oneof(text, image, sound, file), { minLength: 1, maxLength: 3 }),
    }),
  ),
  defined(
    fc.record({
      ...{ role: fc.constant('assistant' as const), name: maybe(id) },
      parts: parts(some(reasoning, 1), some(text, 2), some(toolCall, 2)),
    }),
  ),
  fc.record({ role: fc.constant('tool' as const), callId: id.map((each) => `${each}+`), parts: fc.tuple(text) }),
);

const tool: fc.Arbitrary<ChatTool> = fc.oneof(
  defined(
    fc.record({
      ...{ type: fc.constant('function' as const), name: id, description: maybe(word) },
      ...{ parameters: maybe(object), strict: maybe(fc.boolean()) },
    }),
  ),
  defined(
    fc.record({ type: fc.constant('custom' as const), name: id, description: maybe(word), format: maybe(object) }),
  ),
);

const request: fc.Arbitrary<ChatRequest> = defined(
  fc.record({
    ...{
      dialect: fc.constant('openai-chat' as const),
      messages: fc.array(message, { minLength: 1, maxLength: 4 }),
      stream: fc.boolean(),
    },
    tools: fc.uniqueArray(tool, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
    toolChoice: maybe(fc.constantFrom('auto' as const, 'none' as const, 'required' as const).map((type) => ({ type }))),
    ...{
      parallelToolCalls: maybe(fc.boolean()),
      maxOutputTokens: maybe(fc.nat()),
      temperature: maybe(fc.constant(0.5)),
    },
    ...{
      topP: maybe(fc.constant(0.25)),
      topK: maybe(fc.nat()),
      stop: maybe(fc.array(word, { minLength: 1, maxLength: 3 })),
    },
    ...{ seed: maybe(fc.integer()), frequencyPenalty: maybe(fc.constant(1)), presencePenalty: maybe(fc.constant(-1)) },
    ...{
      choices: maybe(fc.integer({ min: 1, max: 4 })),
      logprobs: maybe(fc.nat(5)),
      user: maybe(word),
      serviceTier: maybe(word),
    },
    metadata: maybe(fc.dictionary(id, word, { maxKeys: 2 })),
    verbosity: maybe(fc.constantFrom('low' as const, 'high' as const)),
    reasoning: maybe(
      fc.oneof(
        fc.constant({ enabled: false }),
        fc
          .constantFrom('minimal' as const, 'medium' as const, 'xhigh' as const)
          .map((effort) => ({ enabled: true, effort })),
      ),
    ),
    output: maybe(
      fc.oneof(
        fc.constantFrom({ type: 'text' as const }, { type: 'json' as const }),
        defined(
          fc.record({
            type: fc.constant('json-schema' as const),
            name: id,
            schema: object,
            strict: maybe(fc.boolean()),
          }),
        ),
      ),
    ),
    extra: maybe(
      fc.dictionary(
        id.map((each) => `x_${each}`),
        fc.oneof(fc.string(), fc.nat()),
        { minKeys: 1, maxKeys: 2 },
      ),
    ),
  }),
);

test('a request that was written is read as what it was', () =>
  fc.assert(
    fc.property(request, (neutral) => {
      const { body, dropped } = encode(neutral);
      assert.deepEqual(dropped, []);
      const { stream_options, ...rest } = body;
      assert.equal(stream_options !== undefined, neutral.stream);
      assert.deepEqual(bare(decode(rest)), bare(neutral));
    }),
  ));

const answerParts = parts(some(reasoning, 1), some(text, 1), some(toolCall, 3));
const usage = fc
  .record({ inputTokens: fc.nat(), outputTokens: fc.nat(), cachedTokens: fc.nat(), reasoningTokens: fc.nat() })
  .map((counts) => ({ ...counts, audioInputTokens: 0, audioOutputTokens: 0 }));
const answer: fc.Arbitrary<ChatAnswer> = fc.record({
  ...{ id, model: word, createdAtS: fc.nat(), usage },
  choices: fc.array(
    answerParts.map((each) => ({
      parts: each,
      stop: each.some(({ type }) => type === 'tool-call') ? ('tool-calls' as const) : ('end' as const),
    })),
    { minLength: 1, maxLength: 2 },
  ),
});

test('an answer that was written is read as what it was', () =>
  fc.assert(
    fc.property(answer, (neutral) => {
      const wire = JSON.parse(encodeAnswer(neutral, {})) as JsonObject;
      assert.deepEqual(bare(decodeAnswer(wire, { names: names(), ids })), bare(neutral));
    }),
  ));

function* cut(value: string, sizes: readonly number[]): Generator<string> {
  const characters = [...value];
  for (let i = 0, turn = 0; i < characters.length; turn++) {
    const size = sizes.length === 0 ? characters.length : 1 + ((sizes[turn % sizes.length] ?? 0) % 4);
    yield characters.slice(i, i + size).join('');
    i += size;
  }
}

/** Parallel calls in turns; text and thoughts one after the other, as every dialect has them. */
function eventsOf({ choices, usage: counts, ...head }: ChatAnswer, sizes: readonly number[]): readonly ChatEvent[] {
  const events: ChatEvent[] = [{ type: 'start', ...head }];
  for (const [choice, { parts: all, stop }] of choices.entries()) {
    const late: ChatEvent[][] = [];
    for (const [part, value] of all.entries()) {
      const written = 'arguments' in value ? value.arguments : 'text' in value ? value.text : '';
      const deltas = [...cut(written, sizes)].map((each) => ({ type: 'delta' as const, choice, part, text: each }));
      const empty = 'arguments' in value ? { ...value, arguments: '' } : { ...value, text: '' };
      events.push({ type: 'part-start', choice, part, value: empty as AssistantPart });
      if (value.type === 'tool-call') late.push(deltas);
      else events.push(...deltas, { type: 'part-end', choice, part });
    }
    for (let turn = 0; late.some((deltas) => turn < deltas.length); turn++)
      for (const deltas of late) if (deltas[turn] !== undefined) events.push(deltas[turn] as ChatEvent);
    for (const [part, { type }] of all.entries())
      if (type === 'tool-call') events.push({ type: 'part-end', choice, part });
    events.push({ type: 'choice-end', choice, stop });
  }
  if (counts !== undefined) events.push({ type: 'usage', usage: counts });
  events.push({ type: 'end' });
  return events;
}

async function read(wire: string, cuts: readonly number[]): Promise<ChatAnswer> {
  const bytes = Buffer.from(wire);
  const at = [0, ...cuts.map((each) => each % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  async function* pieces() {
    for (const [i, end] of at.slice(1).entries()) yield bytes.subarray(at[i], end);
  }
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  const options = { names: names(), ids, report, secrets: [], maxEventChars: 100_000 };
  const events = await Array.fromAsync(decodeStream(pieces(), options));
  return foldEvents(events.flat());
}

test('a stream that was written is read as what it was, however its text and its bytes are cut', () =>
  fc.assert(
    fc.asyncProperty(answer, some(fc.nat(9), 4), some(fc.nat(9_999), 9), async (neutral, sizes, cuts) => {
      const encoder = createChatStreamEncoder({ stream_options: { include_usage: true } });
      const wire = encoder.encode(eventsOf(neutral, sizes)) + encoder.finish();
      assert.deepEqual(bare(await read(wire, cuts)), bare(neutral));
    }),
  ));

interface Fixture {
  readonly about: string;
  readonly request: JsonObject;
  readonly neutral: ChatRequest;
  /** Read only: its form is not the one we write. */
  readonly readOnly?: boolean;
  readonly answer?: JsonObject;
  readonly neutralAnswer?: ChatAnswer;
  /** Chunks. */
  readonly stream?: readonly JsonObject[];
}

const FOLDER = new URL('../fixtures/dialects/openai-chat/', import.meta.url);
for (const name of readdirSync(FOLDER)) {
  const fixture = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Fixture;
  test(`${fixture.about} (${name})`, async () => {
    assert.deepEqual(bare(decode(fixture.request)), fixture.neutral);
    if (fixture.readOnly !== true) {
      const { stream_options: _, ...body } = encode(fixture.neutral).body;
      const { stream_options: __, ...request } = fixture.request;
      assert.deepEqual({ ...body, model: request.model }, request);
    }
    if (fixture.answer !== undefined)
      assert.deepEqual(bare(decodeAnswer(fixture.answer, { names: names(), ids })), fixture.neutralAnswer);
    if (fixture.stream !== undefined) {
      const wire = fixture.stream.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
      assert.deepEqual(bare(await read(`${wire}data: [DONE]\n\n`, [])), fixture.neutralAnswer);
    }
  });
}
