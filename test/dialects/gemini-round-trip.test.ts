/** What Gemini can say, it says without loss: neutral to wire to neutral, requests, answers and streams cut anywhere. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AssistantPart, ChatAnswer, ChatEvent, ChatMessage, ChatRequest } from '../../src/contracts/chat.ts';
import { decodeChat } from '../../src/edges/gemini/decode-chat.ts';
import { encodeAnswer } from '../../src/edges/gemini/encode-answer.ts';
import { createArrayEdge, geminiEdge } from '../../src/edges/gemini/gemini-edge.ts';
import { type DecodeContext, decodeAnswer } from '../../src/upstreams/models/gemini/decode-answer.ts';
import { createStreamDecoder } from '../../src/upstreams/models/gemini/decode-stream.ts';
import { encodeRequest } from '../../src/upstreams/models/gemini/encode-request.ts';
import { GEMINI_NAMES } from '../../src/upstreams/models/gemini/encode-tools.ts';
import { createPieceReader } from '../../src/upstreams/models/gemini/read-pieces.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';

const context = (): DecodeContext => ({
  ...{ names: createToolNames(GEMINI_NAMES), custom: new Set<string>(), model: 'asked-for' },
  ...{ now: () => 0, newId: () => assert.fail('an id was lost') },
});

const words = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
const toolName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,20}$/);
const json = fc
  .dictionary(
    fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 4 },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as { readonly [key: string]: unknown });
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Without the members that are undefined, at every level. */
const clean = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const text = words.map((each) => ({ type: 'text', text: each }) as const);
const media = fc.oneof(
  fc.record({
    type: fc.constant('image' as const),
    source: base64.map((data) => ({ type: 'base64', mediaType: 'image/png', data }) as const),
    name: optional(words),
  }),
  fc.record({
    type: fc.constant('document' as const),
    source: fc.webUrl().map((url) => ({ type: 'url', url, mediaType: 'application/pdf' }) as const),
  }),
);
const reasoning = fc.record({ type: fc.constant('reasoning' as const), text: words, signature: optional(base64) });
const toolCall = fc.record({
  type: fc.constant('tool-call' as const),
  id: fc.uuid(),
  name: toolName,
  arguments: json.map((value) => JSON.stringify(value)),
  signature: optional(base64),
});

const turn: fc.Arbitrary<readonly ChatMessage[]> = fc.oneof(
  fc
    .array(fc.oneof(text, media), { minLength: 1, maxLength: 3 })
    .map((parts): readonly ChatMessage[] => [{ role: 'user', parts }]),
  fc
    .record({
      parts: fc.array(fc.oneof(text, reasoning), { minLength: 1, maxLength: 3 }),
      calls: fc.uniqueArray(toolCall, { selector: ({ id }) => id, maxLength: 3 }),
      result: fc.oneof(
        words,
        json.filter((value) => !['output', 'error'].includes(Object.keys(value).join())),
      ),
      isError: fc.boolean(),
    })
    .map(({ parts, calls, result, isError }): readonly ChatMessage[] => [
      { role: 'assistant', parts: [...parts, ...calls] },
      ...calls.map(({ id, name }): ChatMessage => {
        const head = { role: 'tool', callId: id, name } as const;
        if (typeof result !== 'string')
          return { ...head, parts: [{ type: 'text', text: JSON.stringify(result) }], value: result };
        return { ...head, parts: [{ type: 'text', text: result }], ...(isError ? { isError } : {}) };
      }),
    ]),
);

const tool = fc.record({
  type: fc.constant('function' as const),
  name: toolName,
  description: optional(words),
  parameters: optional(json),
});

const request: fc.Arbitrary<ChatRequest> = fc.record({
  dialect: fc.constant('gemini' as const),
  messages: fc
    .record({ system: optional(text), turns: fc.array(turn, { minLength: 1, maxLength: 4 }) })
    .map(({ system, turns }): readonly ChatMessage[] => [
      ...(system === undefined ? [] : [{ role: 'system', parts: [system] } as const]),
      ...turns.flat(),
    ]),
  tools: fc.uniqueArray(tool, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
  toolChoice: optional(
    fc.oneof(
      fc.constantFrom({ type: 'auto' } as const, { type: 'none' } as const, { type: 'required' } as const),
      toolName.map((name) => ({ type: 'tool', name }) as const),
      fc
        .record({ names: fc.uniqueArray(toolName, { minLength: 2, maxLength: 3 }), required: fc.boolean() })
        .map((choice) => ({ type: 'allowed', ...choice }) as const),
    ),
  ),
  maxOutputTokens: optional(fc.nat()),
  temperature: optional(fc.nat({ max: 20 }).map((each) => each / 10)),
  topP: optional(fc.constantFrom(0.5, 1)),
  topK: optional(fc.nat({ max: 100 })),
  stop: optional(fc.array(words, { minLength: 1, maxLength: 3 })),
  seed: optional(fc.nat()),
  frequencyPenalty: optional(fc.constantFrom(-1.5, 0.5)),
  presencePenalty: optional(fc.constantFrom(-1.5, 0.5)),
  choices: optional(fc.integer({ min: 1, max: 8 })),
  logprobs: optional(fc.nat({ max: 5 })),
  output: optional(
    fc.oneof(
      fc.constantFrom({ type: 'text' } as const, { type: 'json' } as const),
      json.map((schema) => ({ type: 'json-schema', schema }) as const),
    ),
  ),
  reasoning: optional(
    fc.constantFrom(
      { enabled: false },
      { enabled: true, adaptive: true },
      { enabled: true, budgetTokens: 512, show: true },
      { enabled: true, effort: 'low' as const, show: false },
    ),
  ),
  serviceTier: optional(fc.constantFrom('flex', 'priority')),
  extra: optional(
    fc.constantFrom(
      { safetySettings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'OFF' }] },
      { cachedContent: 'cachedContents/a', labels: { team_name: 'a' } },
      { generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' }, toolConfig: { retrievalConfig: {} } },
    ),
  ),
  stream: fc.boolean(),
});

test('a request that Gemini can say comes back from its wire as it was', () => {
  fc.assert(
    fc.property(request, (given) => {
      const options = { model: 'gemini-2.5-flash', isVertex: false, injected: undefined };
      const { body, dropped } = encodeRequest(given, options);
      assert.deepEqual(dropped, []);
      assert.deepEqual(clean(decodeChat(JSON.parse(body), given.stream)), clean(given));
    }),
  );
});

/** Two texts in a row are one to a stream. */
const alternating = (parts: readonly AssistantPart[]): readonly AssistantPart[] =>
  parts.filter(({ type }, i) => i === 0 || type === 'tool-call' || type === 'image' || type !== parts[i - 1]?.type);

const answer: fc.Arbitrary<ChatAnswer> = fc
  .record({
    id: words,
    model: words,
    createdAtS: fc.nat(),
    choices: fc.array(
      fc.record({
        parts: fc.array(
          fc.oneof(
            text,
            reasoning,
            toolCall,
            base64.map(
              (data) => ({ type: 'image', source: { type: 'base64', mediaType: 'image/png', data } }) as const,
            ),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        stop: fc.constantFrom('end', 'max-tokens', 'content-filter', 'other'),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    usage: optional(
      fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat(), cachedTokens: optional(fc.nat()) }).map((usage) => ({
        ...usage,
        reasoningTokens: Math.floor(usage.outputTokens / 2),
      })),
    ),
  })
  .map((given) => ({
    ...given,
    choices: given.choices.map(({ parts, stop }) => {
      const kept = alternating(parts as readonly AssistantPart[]);
      const hasCalls = kept.some(({ type }) => type === 'tool-call');
      return { parts: kept, stop: stop === 'end' && hasCalls ? 'tool-calls' : stop } as const;
    }),
  }));

test('an answer comes back from the wire as it was', () => {
  fc.assert(
    fc.property(answer, (given) => {
      assert.deepEqual(clean(decodeAnswer(JSON.parse(encodeAnswer(given)), context())), clean(given));
    }),
  );
});

function eventsOf({ id, model, createdAtS, choices, usage }: ChatAnswer): readonly ChatEvent[] {
  return [
    { type: 'start', id, model, createdAtS },
    ...choices.flatMap(({ parts, stop }, choice): readonly ChatEvent[] => [
      ...parts.flatMap((value, part): readonly ChatEvent[] => {
        const at = { choice, part };
        if (value.type === 'image')
          return [
            { type: 'part-start', ...at, value },
            { type: 'part-end', ...at },
          ];
        const isCall = value.type === 'tool-call';
        const whole = isCall ? value.arguments : 'text' in value ? value.text : '';
        const { signature, ...rest } = value as { signature?: string };
        const empty = { ...rest, ...(isCall ? { arguments: '' } : { text: '' }) } as AssistantPart;
        const half = Math.floor(whole.length / 2);
        return [
          { type: 'part-start', ...at, value: empty },
          { type: 'delta', ...at, text: whole.slice(0, half) },
          { type: 'delta', ...at, text: whole.slice(half) },
          ...(signature === undefined ? [] : [{ type: 'signature', ...at, signature } as const]),
          { type: 'part-end', ...at },
        ];
      }),
      { type: 'choice-end', choice, stop },
    ]),
    ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
    { type: 'end' },
  ];
}

/** What a client would have put together. */
function fold(events: readonly ChatEvent[]): Omit<ChatAnswer, 'createdAtS'> {
  const choices: { parts: { [key: string]: unknown }[]; stop?: string }[] = [];
  let head = { id: '', model: '' };
  let usage: ChatAnswer['usage'];
  let isOver = false;
  for (const event of events) {
    if (event.type === 'start') head = { id: event.id, model: event.model };
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'end') isOver = true;
    else if (event.type === 'portcullis') assert.fail('no provider says this');
    else {
      choices[event.choice] ??= { parts: [] };
      const choice = choices[event.choice] as { parts: { [key: string]: unknown }[]; stop?: string };
      if (event.type === 'choice-end') choice.stop = event.stop;
      else if (event.type === 'part-start') choice.parts[event.part] = { ...event.value };
      else {
        const part = choice.parts[event.part] ?? assert.fail('a part that was not begun');
        const member = part.type === 'tool-call' ? 'arguments' : 'text';
        if (event.type === 'delta') part[member] = `${part[member]}${event.text}`;
        if (event.type === 'signature') part.signature = event.signature;
      }
    }
  }
  assert.ok(isOver);
  return { ...head, choices, usage } as unknown as Omit<ChatAnswer, 'createdAtS'>;
}

for (const form of ['sse', 'json-array'] as const)
  test(`a stream (${form}) comes back from the wire as it was, wherever it is cut`, () => {
    fc.assert(
      fc.property(answer, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (given, sizes) => {
        const encoder = (form === 'sse' ? geminiEdge : createArrayEdge()).createStreamEncoder({});
        const wire = Buffer.from(
          eventsOf(given)
            .map((event) => encoder.encode([event]))
            .join('') + encoder.finish(),
        );
        if (form === 'json-array') assert.ok(Array.isArray(JSON.parse(wire.toString('utf8'))));
        const reader = createPieceReader(form, 1_000_000);
        const decoder = createStreamDecoder(context());
        const events: ChatEvent[] = [];
        for (let at = 0; at < wire.length; ) {
          const size = sizes.next().value as number;
          for (const piece of reader.read(wire.subarray(at, at + size))) events.push(...decoder.decode(piece));
          at += size;
        }
        events.push(...decoder.finish());
        const { createdAtS: _, ...expected } = given;
        assert.deepEqual(clean(fold(events)), clean(expected));
      }),
    );
  });

test('a stream that ends before its reason to stop has no end', () => {
  const reader = createPieceReader('sse', 1_000);
  const decoder = createStreamDecoder({ ...context(), newId: (prefix) => `${prefix}1` });
  const piece = JSON.stringify({ candidates: [{ content: { parts: [{ text: 'half' }] } }] });
  for (const each of reader.read(Buffer.from(`data: ${piece}\r\n\r\n`))) decoder.decode(each);
  assert.deepEqual(decoder.finish(), []);
});
