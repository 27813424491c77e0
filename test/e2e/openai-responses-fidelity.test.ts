import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type {
  AssistantPart,
  ChatAnswer,
  ChatEvent,
  ChatMessage,
  ChatRequest,
  ChatTool,
  StopReason,
  UserPart,
} from '../../src/contracts/chat.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { decodeRequest } from '../../src/edges/openai-responses/decode-request.ts';
import { encodeAnswer } from '../../src/edges/openai-responses/encode-answer.ts';
import { createStreamEncoder } from '../../src/edges/openai-responses/encode-stream.ts';
import { decodeAnswer } from '../../src/upstreams/models/openai-responses/decode-answer.ts';
import { createStreamDecoder } from '../../src/upstreams/models/openai-responses/decode-stream.ts';
import { encodeRequest } from '../../src/upstreams/models/openai-responses/encode-request.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';

/** What is undefined is not there. */
const plain = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V;
const anyNames = () => createToolNames({ character: /./u, maxChars: 1_000 });

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const filled = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,20}$/);
const base64 = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const object = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
const maybe = <V>(values: fc.Arbitrary<V>): fc.Arbitrary<V | undefined> => fc.option(values, { nil: undefined });
const cache = maybe(fc.constant({}));

const textPart = fc.record({ type: fc.constant('text' as const), text, cache });
const image = fc.record({
  type: fc.constant('image' as const),
  source: fc.oneof(
    base64.map((data) => ({ type: 'base64' as const, mediaType: 'image/png', data })),
    fc.webUrl().map((url) => ({ type: 'url' as const, url })),
    name.map((fileId) => ({ type: 'file' as const, fileId })),
  ),
  detail: maybe(fc.constantFrom('auto' as const, 'low' as const, 'high' as const)),
  cache,
});
const document = fc.record({
  type: fc.constant('document' as const),
  source: fc.oneof(
    base64.map((data) => ({ type: 'base64' as const, mediaType: 'application/pdf', data })),
    fc.webUrl().map((url) => ({ type: 'url' as const, url })),
    name.map((fileId) => ({ type: 'file' as const, fileId })),
  ),
  name: filled,
  cache,
});
const audio = fc.record({
  type: fc.constant('audio' as const),
  source: fc.record({
    type: fc.constant('base64' as const),
    mediaType: fc.constantFrom('audio/mpeg', 'audio/wav'),
    data: base64,
  }),
});
const userParts: fc.Arbitrary<readonly UserPart[]> = fc.array(fc.oneof(textPart, image, document, audio), {
  maxLength: 3,
});

const phase = maybe(fc.constantFrom('commentary', 'final_answer').map((each) => ({ phase: each })));
const said = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text, extra: phase }),
  fc.record({ type: fc.constant('refusal' as const), text }),
);
const reasoning = fc.record({
  type: fc.constant('reasoning' as const),
  text,
  id: name,
  signature: maybe(filled),
});
const call = fc.record({
  ...{ type: fc.constant('tool-call' as const), id: fc.uuid(), name, namespace: maybe(name), arguments: text },
  custom: maybe(fc.constant(true as const)),
});
const drawn = base64
  .filter((data) => data !== '')
  .map((data) => ({ type: 'image' as const, source: { type: 'base64' as const, mediaType: 'image/webp', data } }));
const hosted = name.map((id) => ({
  type: 'foreign' as const,
  dialect: 'openai-responses' as const,
  value: { type: 'web_search_call', id, status: 'completed', action: { type: 'search', query: 'x' } },
}));

/** As it comes back to a provider that made it. */
const thought = fc.record({
  ...{ type: fc.constant('reasoning' as const), text, id: maybe(name) },
  extra: maybe(filled.map((seal) => ({ encrypted_content: seal }))),
});

const produced: fc.Arbitrary<readonly AssistantPart[]> = fc.array(fc.oneof(said, thought, call, hosted), {
  ...{ minLength: 1, maxLength: 5 },
});

/** What a user says, what the model answers, and the results of all its calls. */
const round: fc.Arbitrary<readonly ChatMessage[]> = fc
  .tuple(userParts, produced, fc.infiniteStream(userParts))
  .map(([parts, answer, results]) => [
    { role: 'user' as const, parts },
    { role: 'assistant' as const, parts: answer },
    ...answer.flatMap((part): readonly ChatMessage[] => {
      if (part.type !== 'tool-call') return [];
      const [given] = results.take(1);
      return [{ role: 'tool', callId: part.id, name: part.name, parts: given ?? [], custom: part.custom }];
    }),
  ]);
const system: fc.Arbitrary<ChatMessage> = fc.record({
  ...{
    role: fc.constant('system' as const),
    voice: maybe(fc.constant('developer' as const)),
    parts: fc.array(textPart),
  },
});

const tool: fc.Arbitrary<ChatTool> = fc.oneof(
  fc.record({
    ...{ type: fc.constant('function' as const), name, namespace: maybe(fc.constantFrom('a', 'b')) },
    ...{
      description: maybe(text),
      parameters: maybe(object),
      strict: maybe(fc.boolean()),
      deferred: maybe(fc.boolean()),
    },
  }),
  fc.record({
    ...{ type: fc.constant('custom' as const), name, namespace: maybe(fc.constantFrom('a', 'b')) },
    ...{ description: maybe(text), format: maybe(object) },
  }),
  fc.constant({
    ...{ type: 'foreign' as const, dialect: 'openai-responses' as const, name: 'web_search' },
    value: { type: 'web_search', search_context_size: 'low' },
  }),
);

const request: fc.Arbitrary<ChatRequest> = fc.record({
  dialect: fc.constant('openai-responses' as const),
  messages: fc.tuple(fc.array(system, { maxLength: 2 }), fc.array(round, { maxLength: 3 })).map((all) => all.flat(2)),
  tools: fc.array(tool, { maxLength: 5 }),
  toolChoice: maybe(
    fc.oneof(
      fc.constantFrom('auto' as const, 'none' as const, 'required' as const).map((type) => ({ type })),
      name.map((each) => ({ type: 'tool' as const, name: each })),
      fc.record({ type: fc.constant('allowed' as const), names: fc.array(name), required: fc.boolean() }),
    ),
  ),
  ...{
    parallelToolCalls: maybe(fc.boolean()),
    maxOutputTokens: maybe(fc.nat()),
    temperature: maybe(fc.constantFrom(0, 0.7, 2)),
  },
  ...{
    topP: maybe(fc.constantFrom(0, 0.5, 1)),
    logprobs: maybe(fc.nat(20)),
    user: maybe(text),
    serviceTier: maybe(text),
  },
  output: maybe(
    fc.oneof(
      fc.constantFrom({ type: 'text' as const }, { type: 'json' as const }),
      fc.record({
        ...{ type: fc.constant('json-schema' as const), name, description: maybe(text), schema: object },
        strict: maybe(fc.boolean()),
      }),
    ),
  ),
  verbosity: maybe(fc.constantFrom('low' as const, 'medium' as const, 'high' as const)),
  reasoning: maybe(
    fc.oneof(
      fc.record({ enabled: fc.constant(false), show: maybe(fc.constantFrom('auto' as const, 'detailed' as const)) }),
      fc.record({
        ...{ enabled: fc.constant(true), show: maybe(fc.constant('concise' as const)) },
        effort: fc.constantFrom('minimal' as const, 'low' as const, 'medium' as const, 'high' as const, 'max' as const),
        extra: maybe(fc.constant({ context: 'all_turns' })),
      }),
    ),
  ),
  metadata: maybe(fc.dictionary(name, text, { minKeys: 1, maxKeys: 2 })),
  stream: fc.boolean(),
  extra: maybe(fc.record({ x_future: fc.jsonValue().filter((value) => value !== null && !isEmptyList(value)) })),
});
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

test('a request goes through the wire and comes back with nothing lost', () => {
  fc.assert(
    fc.property(request, (given) => {
      const { body, dropped } = encodeRequest(given, 'm');
      assert.deepEqual(dropped, []);
      assert.deepEqual(plain(decodeRequest(plain(body))), plain(given));
    }),
    { numRuns: 400 },
  );
});

const usage = fc.record({
  ...{ inputTokens: fc.nat(), outputTokens: fc.nat(), cachedTokens: fc.nat(), cacheWriteTokens: maybe(fc.nat()) },
  reasoningTokens: fc.nat(),
});

const answerParts: fc.Arbitrary<readonly AssistantPart[]> = fc.array(fc.oneof(said, reasoning, call, hosted, drawn), {
  maxLength: 6,
});

const answer: fc.Arbitrary<ChatAnswer> = fc
  .record({
    id: fc.stringMatching(/^resp_[0-9a-f]{8}$/),
    ...{ model: filled, createdAtS: fc.nat(), parts: answerParts, usage: maybe(usage) },
    cut: maybe(fc.constantFrom<StopReason>('max-tokens', 'content-filter')),
  })
  .map(({ parts, cut, ...head }) => ({ ...head, choices: [{ parts, stop: cut ?? endOf(parts) }] }));

function endOf(parts: readonly AssistantPart[]): StopReason {
  if (parts.some(({ type }) => type === 'tool-call')) return 'tool-calls';
  return parts.some(({ type }) => type === 'refusal') ? 'refusal' : 'end';
}

/** Signatures are sealed for the client: a provider could not take them for its own. */
const asGiven = (given: ChatAnswer): ChatAnswer => {
  const seal = (part: AssistantPart): AssistantPart =>
    part.type === 'reasoning' && part.signature !== undefined
      ? { ...part, signature: `portcullis.signature.${part.signature}` }
      : part;
  return plain({ ...given, choices: given.choices.map((choice) => ({ ...choice, parts: choice.parts.map(seal) })) });
};

test('an answer goes through the wire and comes back with nothing lost', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const wire = JSON.parse(encodeAnswer(given, {})) as JsonObject;
      assert.deepEqual(plain(decodeAnswer(wire, anyNames())), asGiven(given));
    }),
    { numRuns: 400 },
  );
});

/** What a client that sends all output items back says to the next provider. */
test('what other providers want back unchanged survives a client that returns what it was given', () => {
  const sealed = fc.record({
    ...{ type: fc.constant('reasoning' as const), text: fc.constant(''), id: name, sealed: filled },
  });
  const signed = call.map((part) => ({ ...part, signature: `sig.${part.name}` }));
  const parts = fc.array(fc.oneof(said, reasoning, sealed, signed, drawn), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(parts, (given) => {
      const choices = [{ parts: given, stop: 'end' as const }];
      const whole = { id: 'x', model: 'm', createdAtS: 0, choices, usage: undefined };
      const { output } = JSON.parse(encodeAnswer(whole, {})) as { output: unknown };
      const [turn, ...others] = decodeRequest({ input: output }).messages;
      assert.deepEqual(plain(turn?.parts), plain(given));
      assert.deepEqual(others, []);
    }),
  );
});

/** Deltas of the parts in any order that keeps their beginnings in order: parallel calls are told at the same time. */
function play(given: ChatAnswer, picks: readonly number[]): readonly ChatEvent[] {
  const [choice] = given.choices;
  const queues = (choice?.parts ?? []).map((part, i) => eventsOf(part, i));
  const events: ChatEvent[] = [{ type: 'start', id: given.id, model: given.model, createdAtS: given.createdAtS }];
  let begun = 0;
  for (let step = 0; queues.some((queue) => queue.length > 0); step++) {
    const open = queues.flatMap((queue, i) => (i < begun && queue.length > 0 ? [i] : []));
    const options = begun < queues.length ? [...open, begun] : open;
    const chosen = options[(picks[step % Math.max(1, picks.length)] ?? 0) % options.length] ?? 0;
    if (chosen === begun) begun++;
    const event = queues[chosen]?.shift();
    if (event !== undefined) events.push(event);
  }
  events.push({ type: 'choice-end', choice: 0, stop: choice?.stop ?? 'end' });
  if (given.usage !== undefined) events.push({ type: 'usage', usage: given.usage });
  return [...events, { type: 'end' }];
}

function eventsOf(part: AssistantPart, i: number): ChatEvent[] {
  const at = { choice: 0, part: i };
  const pieces = (whole: string): ChatEvent[] =>
    (whole.match(/[\s\S]{1,4}/gu) ?? []).map((piece) => ({ type: 'delta', ...at, text: piece }));
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [
        { type: 'part-start', ...at, value: { ...part, text: '' } },
        ...pieces(part.text),
        { type: 'part-end', ...at },
      ];
    case 'reasoning': {
      const { signature, ...rest } = part;
      const seal: ChatEvent[] = signature === undefined ? [] : [{ type: 'signature', ...at, signature }];
      const begin: ChatEvent = { type: 'part-start', ...at, value: { ...rest, text: '' } };
      return [begin, ...pieces(part.text), ...seal, { type: 'part-end', ...at }];
    }
    case 'tool-call': {
      const begin: ChatEvent = { type: 'part-start', ...at, value: { ...part, arguments: '' } };
      return [begin, ...pieces(part.arguments), { type: 'part-end', ...at }];
    }
    default:
      return [
        { type: 'part-start', ...at, value: part },
        { type: 'part-end', ...at },
      ];
  }
}

/** The whole answer that a stream tells. Everything that begins must end. */
function gather(events: readonly ChatEvent[]): ChatAnswer {
  const parts: { [member: string]: unknown }[] = [];
  const open = new Set<number>();
  let head = { id: '', model: '', createdAtS: -1 };
  let stop: StopReason = 'other';
  let told: ChatAnswer['usage'];
  for (const event of events) {
    switch (event.type) {
      case 'start':
        head = { id: event.id, model: event.model, createdAtS: event.createdAtS };
        break;
      case 'part-start':
        assert.equal(event.part, parts.length);
        parts.push({ ...event.value });
        open.add(event.part);
        break;
      case 'delta': {
        assert.ok(open.has(event.part));
        const part = parts[event.part] ?? {};
        const member = part.type === 'tool-call' ? 'arguments' : 'text';
        part[member] = String(part[member]) + event.text;
        break;
      }
      case 'signature':
        Object.assign(parts[event.part] ?? {}, { signature: event.signature });
        break;
      case 'part-end':
        assert.ok(open.delete(event.part));
        break;
      case 'choice-end':
        assert.equal(open.size, 0);
        stop = event.stop;
        break;
      case 'usage':
        told = event.usage;
        break;
    }
  }
  assert.equal(events.at(-1)?.type, 'end');
  return { ...head, choices: [{ parts: parts as unknown as AssistantPart[], stop }], usage: told };
}

const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });

test('a stream goes through the wire, whole and cut anywhere, and comes back with nothing lost', () => {
  fc.assert(
    fc.property(answer, picks, fc.array(fc.nat()), (given, order, cuts) => {
      const encoder = createStreamEncoder({});
      const wire = play(given, order)
        .map((event) => encoder.encode([event]))
        .join('');
      assert.equal(encoder.finish(), '');
      const bytes = Buffer.from(wire);
      const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
      const decoder = createStreamDecoder(anyNames(), 1_000_000);
      const events = [0, ...places].flatMap((from, i) => decoder.push(bytes.subarray(from, places[i] ?? bytes.length)));
      assert.equal(events.at(-1)?.type, 'end');
      assert.deepEqual(plain(gather(events)), asGiven(given));
    }),
    { numRuns: 400 },
  );
});

test('the last event of a stream holds the same answer as one that was not streamed', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const encoder = createStreamEncoder({});
      const last =
        encoder
          .encode(play(given, [0]))
          .trim()
          .split('\n')
          .at(-1) ?? '';
      const { response } = JSON.parse(last.slice('data: '.length)) as { response: unknown };
      assert.deepEqual(plain(decodeAnswer(response, anyNames())), asGiven(given));
    }),
  );
});

const FIXTURES = new URL('../fixtures/dialects/openai-responses/', import.meta.url);
const read = (file: string): { wire: JsonObject; neutral: unknown } =>
  JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as { wire: JsonObject; neutral: unknown };

for (const file of ['codex-request.json', 'surface-request.json']) {
  test(`${file}: the wire is read as it should be, and written as it was`, () => {
    const { wire, neutral } = read(file);
    const decoded = decodeRequest(wire);
    assert.deepEqual(plain(decoded), neutral);
    const sorted = (body: JsonObject): JsonObject => ({ ...body, include: [...(body.include as string[])].sort() });
    assert.deepEqual(sorted(plain(encodeRequest(decoded, String(wire.model)).body)), sorted(wire));
  });
}

test('tools-answer.json: the wire is read as it should be, and written as it was', () => {
  const { wire, neutral } = read('tools-answer.json');
  const decoded = decodeAnswer(wire, anyNames());
  assert.deepEqual(plain(decoded), neutral);
  const written = JSON.parse(encodeAnswer(decoded, {})) as JsonObject;
  const unsealed = JSON.parse(JSON.stringify(written).replace('portcullis.signature.', '')) as JsonObject;
  for (const [member, value] of Object.entries(wire)) assert.deepEqual(unsealed[member], value, member);
});

test('what others say and Responses cannot is left out and named, or refused', () => {
  const given: ChatRequest = {
    dialect: 'anthropic',
    messages: [
      { role: 'system', parts: [{ type: 'text', text: 'S', cache: { ttl: '1h' } }] },
      { role: 'user', parts: [{ type: 'text', text: 'U' }], extra: { x: 1 } },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'of another', signature: 'EqQB' },
          { type: 'reasoning', text: 'of this one', signature: 'gAAAAAB1' },
          { type: 'tool-call', id: 'c', name: 'a.b/c', arguments: '{}' },
        ],
      },
      { role: 'tool', callId: 'c', parts: [{ type: 'text', text: 'no' }], isError: true },
    ],
    tools: [
      { type: 'function', name: 'a.b/c', parameters: { type: 'object' } },
      { type: 'foreign', dialect: 'anthropic', name: 'bash', value: { type: 'bash_20250124' } },
    ],
    topK: 5,
    reasoning: { enabled: true, budgetTokens: 10_000 },
    stream: false,
    extra: { container: 'c' },
  };
  const { body, dropped, names } = encodeRequest(given, 'm');
  assert.deepEqual(dropped, [
    ...['topK', 'container', 'messages[0].parts[0].cache', 'messages[1].x'],
    ...['messages[2].parts[0]', 'messages[3].isError', 'tools[1]'],
  ]);
  const [tool] = body.tools as { name: string }[];
  assert.match(tool?.name ?? '', /^[a-zA-Z0-9_-]{1,64}$/);
  assert.equal(names.fromWire(tool?.name ?? '').name, 'a.b/c');
  assert.deepEqual(body.include, ['reasoning.encrypted_content']);
  assert.deepEqual(body.reasoning, { effort: 'medium' });
  assert.equal(body.store, false);
  const thoughts = (body.input as JsonObject[]).filter(({ type }) => type === 'reasoning');
  assert.deepEqual(thoughts, [
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'of this one' }], encrypted_content: 'gAAAAAB1' },
  ]);
  for (const [member, value] of [
    ['stop', ['\n']],
    ['choices', 2],
  ] as const)
    assert.throws(() => encodeRequest({ ...given, [member]: value }, 'm'), {
      kind: 'unsupported',
      publicText: new RegExp(`^${member}: `),
    });
});

test('stream.json: events as OpenAI sends them, parallel calls interleaved, are read as they should be', () => {
  const { wire, neutral } = read('stream.json');
  const decoder = createStreamDecoder(anyNames(), 1_000_000);
  const events = (wire as unknown as { readonly type: string }[]).flatMap((event) =>
    decoder.push(Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)),
  );
  assert.deepEqual(plain(events), neutral);
});
