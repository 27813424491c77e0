/** Anthropic's Messages, both faces held against each other: fixtures, and properties of what goes there and back. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AssistantPart, ChatAnswer, ChatEvent, ChatMessage, ChatRequest } from '../../src/contracts/chat.ts';
import { ProviderFailure } from '../../src/contracts/models.ts';
import { decodeRequest } from '../../src/edges/anthropic/decode-request.ts';
import { encodeAnswer } from '../../src/edges/anthropic/encode-answer.ts';
import { createMessageStreamEncoder } from '../../src/edges/anthropic/stream-encoder.ts';
import { memberText } from '../../src/lib/json-text.ts';
import { decodeMessage } from '../../src/upstreams/models/anthropic/decode-message.ts';
import { encodeMessages } from '../../src/upstreams/models/anthropic/encode-messages.ts';
import { createMessageStreamDecoder } from '../../src/upstreams/models/anthropic/message-stream.ts';
import { createWireNames } from '../../src/upstreams/models/anthropic/wire-names.ts';
import { renderStream } from '../support/providers/anthropic.ts';

const fixture = (name: string) => readFile(new URL(`../fixtures/dialects/anthropic/${name}`, import.meta.url), 'utf8');
const decode = (text: string): ChatRequest => decodeRequest({ text, value: JSON.parse(text) });
const encode = (request: ChatRequest, model = 'some-model') =>
  encodeMessages(request, { model, modelInBody: true, streamInBody: true, countOnly: false, injected: undefined });

/** What a stream says, put together again: parts in the order they began. */
function assemble(events: readonly ChatEvent[]) {
  const parts: { [name: string]: unknown }[] = [];
  const rest: ChatEvent[] = [];
  for (const event of events) {
    if (event.type === 'part-start') parts[event.part] = { ...event.value };
    else if (event.type === 'delta') {
      const part = parts[event.part] ?? {};
      const member = part.type === 'tool-call' ? 'arguments' : 'text';
      part[member] = String(part[member] ?? '') + event.text;
    } else if (event.type === 'signature') (parts[event.part] ?? {}).signature = event.signature;
    else if (event.type !== 'part-end') rest.push(event);
  }
  return { parts, rest };
}

function decodeStream(pieces: readonly Uint8Array[], names = createWireNames()): ChatEvent[] {
  const decoder = createMessageStreamDecoder(names, 1);
  const events = pieces.flatMap((piece) => decoder.push(piece));
  // What `openNeutralStream` does.
  if (events.at(-1)?.type !== 'end') throw new ProviderFailure('connection-lost', 'no end');
  return events;
}

/** The bytes in pieces of these lengths, over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

test('what Claude Code sends is read as it is meant', async () => {
  assert.deepEqual(
    decode(await fixture('claude-code.request.json')),
    JSON.parse(await fixture('claude-code.neutral.json')),
  );
});

test('a request from elsewhere is written as Anthropic takes it, and what is left out is named', async () => {
  const { body, dropped } = encode(JSON.parse(await fixture('from-elsewhere.neutral.json')), 'claude-opus-5');
  const expected = JSON.parse(await fixture('from-elsewhere.request.json'));
  assert.deepEqual({ dropped, request: JSON.parse(body) }, expected);
  assert.match(body, /"input":\{"city": "Bonn"\}/, 'arguments keep their spelling');
});

test('an answer is read and written with nothing lost, numbers included', async () => {
  const text = await fixture('answer.json');
  const { wire, neutral } = JSON.parse(text);
  assert.deepEqual(decodeMessage(memberText(text, 'wire') ?? '', createWireNames(), 1), neutral);
  const written = encodeAnswer(neutral);
  assert.deepEqual(JSON.parse(written), wire);
  assert.match(written, /12345678901234567890/);
});

test('a stream is read as it is meant, wherever it is cut, and written as clients of this API expect it', async () => {
  const { wire, events, again } = JSON.parse(await fixture('stream.json'));
  const bytes = Buffer.from(wire.join(''));
  for (const length of [1, 7, 64, bytes.length]) assert.deepEqual(decodeStream(cut(bytes, [length])), events);
  const encoder = createMessageStreamEncoder();
  const written = events.map((event: ChatEvent) => encoder.encode([event])).join('') + encoder.finish();
  assert.equal(written, again.join(''));
});

test('a streamed message says what the whole one says, wherever its bytes are cut', async () => {
  const text = await fixture('answer.json');
  const { wire } = JSON.parse(text);
  // The number that no double holds is for the whole answer: the pretended provider writes its stream from values.
  const whole = decodeMessage(JSON.stringify(wire), createWireNames(), 1);
  const bytes = Buffer.from(renderStream({ ...wire, usage: wire.usage }, { chunks: 3 }).join(''));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lengths) => {
      const { parts, rest } = assemble(decodeStream(cut(bytes, lengths)));
      assert.deepEqual(parts, whole.choices[0]?.parts);
      assert.deepEqual(rest.at(-1), { type: 'end' });
      assert.deepEqual(
        rest.findLast(({ type }) => type === 'usage'),
        { type: 'usage', usage: whole.usage },
      );
      assert.deepEqual(
        rest.find(({ type }) => type === 'choice-end'),
        { type: 'choice-end', choice: 0, stop: 'tool-calls' },
      );
    }),
    { numRuns: 50 },
  );
});

test('a stream that ends early, holds no JSON or an error is a failure', () => {
  const pieces = renderStream(
    { id: 'msg_1', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn', stop_sequence: null, usage: {} },
    { chunks: 1 },
  ).map((piece) => Buffer.from(piece));
  const kindOf = (bytes: readonly Uint8Array[]): string => {
    try {
      decodeStream(bytes);
    } catch (error) {
      return error instanceof ProviderFailure ? error.kind : String(error);
    }
    return 'none';
  };
  assert.equal(kindOf(pieces), 'none');
  assert.equal(kindOf(pieces.slice(0, -1)), 'connection-lost');
  assert.equal(kindOf([Buffer.from('data: {"this is"\n\n')]), 'malformed');
  const error = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
  assert.equal(kindOf([...pieces.slice(0, 3), Buffer.from(`event: error\ndata: ${error}\n\n`)]), 'overloaded');
});

// What both can say, in the form that each way gives.
const text = fc.string({ minLength: 1, unit: 'grapheme' });
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/);
const cache = fc.option(fc.constantFrom({}, { ttl: '5m' as const }, { ttl: '1h' as const }), { nil: undefined });
const withCache = <T extends object>(value: T, mark: object | undefined): T =>
  mark === undefined ? value : { ...value, cache: mark };
const textPart = fc.tuple(text, cache).map(([each, mark]) => withCache({ type: 'text' as const, text: each }, mark));
const base64 = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const mediaPart = fc.oneof(
  fc.record({
    type: fc.constant('image' as const),
    source: fc.record({ type: fc.constant('base64' as const), mediaType: fc.constant('image/png'), data: base64 }),
  }),
  fc.record({
    type: fc.constantFrom('image' as const, 'document' as const),
    source: fc.record({ type: fc.constant('url' as const), url: fc.webUrl() }),
  }),
  fc.record({
    type: fc.constantFrom('image' as const, 'document' as const),
    source: fc.record({ type: fc.constant('file' as const), fileId: id }),
  }),
  fc.record({
    ...{ type: fc.constant('document' as const), name: text },
    source: fc.record({
      ...{ type: fc.constant('base64' as const), mediaType: fc.constant('text/plain') },
      data: text.map((each) => Buffer.from(each.toWellFormed(), 'utf8').toString('base64')),
    }),
  }),
);
const userPart = fc.oneof(textPart, mediaPart);
const jsonObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })).map((each) => JSON.stringify({ ...each }));
const callPart = fc.record({ type: fc.constant('tool-call' as const), id, name: id, arguments: jsonObject });
const reasoningPart = fc.oneof(
  fc.record({ type: fc.constant('reasoning' as const), text: fc.string(), signature: text }),
  fc.record({ type: fc.constant('reasoning' as const), text: fc.constant(''), sealed: text }),
);
const plainText = text.map((each) => ({ type: 'text' as const, text: each }));
const foreignPart = id.map((each) => ({
  ...{ type: 'foreign' as const, dialect: 'anthropic' as const },
  value: { type: 'container_upload', file_id: each },
}));
const assistantParts = fc
  .array(fc.oneof(plainText, callPart, reasoningPart, foreignPart), { minLength: 1, maxLength: 5 })
  .filter((parts) => {
    const ids = parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
    return new Set(ids).size === ids.length;
  });

/** A turn of the model, the results of its calls, and what the user says then. */
const exchange = fc
  .tuple(
    assistantParts,
    fc.array(textPart, { maxLength: 2 }),
    fc.option(fc.boolean(), { nil: undefined }),
    fc.array(userPart, { minLength: 1, maxLength: 3 }),
  )
  .map(([parts, said, isError, next]): readonly ChatMessage[] => [
    { role: 'assistant', parts },
    ...parts.flatMap((part): readonly ChatMessage[] =>
      part.type === 'tool-call'
        ? [
            {
              role: 'tool',
              callId: part.id,
              name: part.name,
              parts: said,
              ...(isError === undefined ? {} : { isError }),
            },
          ]
        : [],
    ),
    { role: 'user', parts: next },
  ]);
const tool = fc.record(
  {
    ...{ type: fc.constant('function' as const), name: id, description: fc.string() },
    parameters: fc.constant({ type: 'object', properties: { a: { type: 'number' } } }),
    ...{ strict: fc.boolean(), deferred: fc.constant(true as const), cache: fc.constant({}) },
  },
  { requiredKeys: ['type', 'name', 'parameters'] },
);
const request: fc.Arbitrary<ChatRequest> = fc
  .tuple(
    fc.record(
      {
        ...{
          dialect: fc.constant('anthropic' as const),
          stream: fc.boolean(),
          maxOutputTokens: fc.integer({ min: 2_000 }),
        },
        ...{
          temperature: fc.double({ min: 0, max: 1, noNaN: true }),
          topP: fc.double({ min: 0, max: 1, noNaN: true }),
        },
        ...{ topK: fc.nat(), user: fc.string(), serviceTier: fc.constantFrom('auto', 'default') },
        stop: fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 3 }),
        output: fc.constant({ type: 'json-schema' as const, schema: { type: 'object' } }),
        extra: fc.constant({ context_management: { edits: [] }, output_config: { task_budget: { total: 1 } } }),
      },
      { requiredKeys: ['dialect', 'stream', 'maxOutputTokens'] },
    ),
    fc.array(textPart, { maxLength: 2 }),
    fc.array(userPart, { minLength: 1, maxLength: 3 }),
    fc.array(exchange, { maxLength: 3 }),
    fc.uniqueArray(tool, { maxLength: 3, selector: ({ name }) => name }),
    fc.constantFrom({ type: 'auto' as const }, { type: 'none' as const }, { type: 'required' as const }, undefined),
    fc.constantFrom(false, true, undefined),
  )
  .map(
    ([members, system, first, exchanges, tools, toolChoice, parallel]): ChatRequest => ({
      ...members,
      messages: [
        ...(system.length === 0 ? [] : [{ role: 'system' as const, parts: system }]),
        { role: 'user', parts: first },
        ...exchanges.flat(),
      ],
      tools,
      ...(toolChoice === undefined || tools.length === 0 ? {} : { toolChoice }),
      ...(toolChoice === undefined || toolChoice.type === 'none' || tools.length === 0 || parallel === undefined
        ? {}
        : { parallelToolCalls: parallel }),
    }),
  );

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test('a request goes to the wire and back with nothing lost', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const { body, dropped } = encode(asked);
      assert.deepEqual(dropped, []);
      assert.deepEqual(plain(decode(body)), plain(asked));
    }),
    { numRuns: 200 },
  );
});

test('every way to wish for reasoning goes to the wire and back, in the words of the family', () => {
  const roundTrip = (model: string, reasoning: ChatRequest['reasoning']) => {
    const asked: ChatRequest = {
      dialect: 'openai-chat',
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
      tools: [],
      stream: false,
      reasoning,
      maxOutputTokens: 20_000,
    };
    const { body, dropped } = encode(asked, model);
    return { reasoning: decode(body).reasoning, dropped };
  };
  const same = { dropped: [] };
  const adaptive = { enabled: true, adaptive: true, effort: 'xhigh', show: false } as const;
  assert.deepEqual(roundTrip('claude-opus-5', adaptive), { ...same, reasoning: adaptive });
  assert.deepEqual(roundTrip('claude-opus-5', { enabled: false }), { ...same, reasoning: { enabled: false } });
  const budget = { enabled: true, budgetTokens: 5_000 } as const;
  assert.deepEqual(roundTrip('claude-sonnet-4-5', budget), { ...same, reasoning: budget });
  assert.deepEqual(roundTrip('claude-sonnet-4-5', { enabled: true, effort: 'high' }), {
    ...same,
    reasoning: { enabled: true, budgetTokens: 16_384 },
  });
  // A model that always thinks thinks little; one that cannot does not.
  assert.deepEqual(roundTrip('claude-opus-5-5', { enabled: false }), {
    ...{ reasoning: { enabled: true, effort: 'low' }, dropped: ['reasoning'] },
  });
  assert.deepEqual(roundTrip('claude-3-5-haiku', budget), { reasoning: undefined, dropped: ['reasoning'] });
});

test('what cannot be said and must not be left out is refused by name', () => {
  const base: ChatRequest = { dialect: 'openai-chat', messages: [], tools: [], stream: false };
  const cases: readonly [Partial<ChatRequest>, RegExp, string?][] = [
    [{ choices: 2 }, /^n:/],
    [{ logprobs: 0 }, /^logprobs:/],
    [{ output: { type: 'json-schema', schema: {} } }, /^response_format:/, 'claude-3-5-haiku-latest'],
    [
      { messages: [{ role: 'user', parts: [{ type: 'audio', source: { type: 'url', url: 'x' } }] }] },
      /^messages\[0\].content\[0\]:.*audio/,
    ],
    [
      { messages: [{ role: 'user', parts: [{ type: 'foreign', dialect: 'gemini', value: { type: 'x' } }] }] },
      /means nothing/,
    ],
  ];
  for (const [part, pattern, model] of cases)
    assert.throws(
      () => encode({ ...base, ...part }, model),
      (error: unknown) =>
        error instanceof ProviderFailure && error.kind === 'unsupported' && pattern.test(error.publicText ?? ''),
    );
});

const answer: fc.Arbitrary<ChatAnswer> = fc
  .record({
    ...{ id, model: id, createdAtS: fc.constant(1), parts: assistantParts },
    stop: fc.constantFrom('end', 'max-tokens', 'stop-sequence', 'refusal', 'pause', 'context-full'),
    counts: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
  })
  .map(({ parts, stop, counts: [fresh, cached, written, outputTokens], ...head }) => ({
    ...head,
    choices: [{ parts, stop: parts.some(({ type }) => type === 'tool-call') ? ('tool-calls' as const) : stop }],
    usage: { inputTokens: fresh + cached + written, outputTokens, cachedTokens: cached, cacheWriteTokens: written },
  }));

test('an answer goes to the wire and back with nothing lost', () => {
  fc.assert(
    fc.property(answer, (given) =>
      assert.deepEqual(plain(decodeMessage(encodeAnswer(given), createWireNames(), 1)), plain(given)),
    ),
    { numRuns: 200 },
  );
});

/** A stream of the answer; `order` says of which open part the next event is, so that parts overlap. */
function streamOf(
  { id: answerId, model, createdAtS, choices, usage }: ChatAnswer,
  order: readonly number[],
): ChatEvent[] {
  const parts = choices[0]?.parts ?? [];
  const queues = parts.map((value, part): ChatEvent[] => {
    const at = { choice: 0, part };
    const [empty, content] = emptied(value);
    const half = Math.ceil(content.length / 2);
    const deltas = [content.slice(0, half), content.slice(half)].filter((each) => each !== '');
    return [
      { type: 'part-start', ...at, value: empty },
      ...deltas.map((each): ChatEvent => ({ type: 'delta', ...at, text: each })),
      ...(value.type === 'reasoning' && value.signature !== undefined
        ? [{ type: 'signature' as const, ...at, signature: value.signature }]
        : []),
      { type: 'part-end', ...at },
    ];
  });
  const events: ChatEvent[] = [{ type: 'start', id: answerId, model, createdAtS }];
  let begun = 0;
  for (let i = 0; queues.some((queue) => queue.length > 0); i++) {
    // The next part may begin, or one that has begun goes on.
    const open = queues
      .slice(0, Math.min(begun + 1, queues.length))
      .flatMap((queue, part) => (queue.length > 0 ? [part] : []));
    const part = open[(order[i % Math.max(order.length, 1)] ?? 0) % open.length] ?? 0;
    if (part === begun) begun++;
    const event = queues[part]?.shift();
    if (event !== undefined) events.push(event);
  }
  const [choice] = choices;
  if (choice !== undefined) events.push({ type: 'choice-end', choice: 0, stop: choice.stop });
  if (usage !== undefined) events.push({ type: 'usage', usage });
  return [...events, { type: 'end' }];
}

function emptied(value: AssistantPart): [AssistantPart, string] {
  if (value.type === 'text') return [{ ...value, text: '' }, value.text];
  if (value.type === 'tool-call') return [{ ...value, arguments: '' }, value.arguments];
  if (value.type === 'reasoning' && value.sealed === undefined) return [{ type: 'reasoning', text: '' }, value.text];
  return [value, ''];
}

function encodeStream(events: readonly ChatEvent[]): Buffer {
  const encoder = createMessageStreamEncoder();
  return Buffer.from(events.map((event) => encoder.encode([event])).join('') + encoder.finish());
}

test('a stream goes to the wire and back with nothing lost, wherever it is cut', () => {
  fc.assert(
    fc.property(answer, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (given, lengths) => {
      const back = assemble(decodeStream(cut(encodeStream(streamOf(given, [])), lengths)));
      assert.deepEqual(plain(back.parts), plain(given.choices[0]?.parts));
      assert.deepEqual(plain(back.rest.findLast(({ type }) => type === 'usage')), {
        type: 'usage',
        usage: plain(given.usage),
      });
    }),
    { numRuns: 150 },
  );
});

test('parts that overlap are written one after the other: each call in one block, all words in their order', () => {
  fc.assert(
    fc.property(answer, fc.array(fc.nat(9)), (given, order) => {
      const events = streamOf(given, order);
      const wire = encodeStream(events);
      const parts = given.choices[0]?.parts ?? [];
      const back = assemble(decodeStream([wire])).parts as unknown as AssistantPart[];
      const pick = <T extends AssistantPart['type']>(from: readonly AssistantPart[], type: T) =>
        from.filter((part) => part.type === type);
      assert.deepEqual(plain(pick(back, 'tool-call')), plain(pick(parts, 'tool-call')));
      const words = (type: string) =>
        events.flatMap((event) => (event.type === 'delta' && parts[event.part]?.type === type ? [event.text] : []));
      const joined = (type: 'text' | 'reasoning') =>
        pick(back, type)
          .map((part) => ('text' in part ? part.text : ''))
          .join('');
      assert.equal(joined('text').split('').sort().join(''), words('text').join('').split('').sort().join(''));
      assert.equal(
        joined('reasoning').split('').sort().join(''),
        words('reasoning').join('').split('').sort().join(''),
      );
      // One block is open at a time.
      let open = -1;
      // Not by a pattern of lines: those end at U+2028 too, and texts hold it.
      for (const line of wire.toString('utf8').split('\n')) {
        if (!line.startsWith('data: ')) continue;
        const event = JSON.parse(line.slice('data: '.length));
        if (event.type === 'content_block_start') {
          assert.equal(open, -1);
          open = event.index;
        } else if (event.type === 'content_block_delta') assert.equal(event.index, open);
        else if (event.type === 'content_block_stop') open = -1;
      }
      assert.equal(open, -1);
    }),
    { numRuns: 200 },
  );
});

test('a tool that takes free text gets it and gives it, though here it takes an object', () => {
  const asked: ChatRequest = {
    ...{ dialect: 'openai-responses', messages: [], stream: false },
    tools: [{ type: 'custom', name: 'apply patch' }],
  };
  const { body, names } = encode(asked);
  const name = JSON.parse(body).tools[0].name;
  const block = { type: 'tool_use', id: 'toolu_1', name, input: { input: '*** Begin\n"x"' } };
  const expected = { type: 'tool-call', id: 'toolu_1', name: 'apply patch', arguments: '*** Begin\n"x"', custom: true };
  const message = { id: 'msg_1', content: [block], stop_reason: 'tool_use', stop_sequence: null, usage: {} };
  assert.deepEqual(decodeMessage(JSON.stringify(message), names, 1).choices[0]?.parts, [expected]);
  const bytes = Buffer.from(renderStream(message, { chunks: 4 }).join(''));
  assert.deepEqual(assemble(decodeStream([bytes], names)).parts, [expected]);
});
