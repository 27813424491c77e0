import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  anyId,
  anyImage,
  anyName,
  anyObject,
  anyStop,
  anyText,
  anyTextPart,
  anyTool,
  anyToolCall,
  cutBytes,
} from '../../../../test/support/providers/any-chat.ts';
import { encodeFrame, type WireEvent } from '../../../../test/support/providers/converse-frames.ts';
import { joinEvents } from '../../../../test/support/providers/join-events.ts';
import { readConverse } from '../../../../test/support/providers/read-converse.ts';
import type { AssistantPart, ChatMessage, ChatRequest, StopReason } from '../../../contracts/chat.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { parseExactly } from '../../../lib/exact-numbers.ts';
import { createToolNames } from '../tool-names.ts';
import { decodeConverse } from './decode-answer.ts';
import { createConverseDecoder } from './decode-stream.ts';
import { encodeConverse } from './encode-request.ts';
import { TOOL_NAME_RULES } from './encode-tools.ts';
import { createFrameReader } from './frame-reader.ts';

const CLAUDE = 'eu.anthropic.claude-sonnet-4-6-v1:0';
const HEAD = { id: 'id', model: CLAUDE, createdAtS: 1 };

const cache = fc.option(fc.record({ ttl: fc.constantFrom('5m' as const, '1h' as const) }, { requiredKeys: [] }), {
  nil: undefined,
});
const marked = <P extends object>(part: fc.Arbitrary<P>): fc.Arbitrary<P> =>
  fc.tuple(part, cache).map(([value, mark]) => (mark === undefined ? value : { ...value, cache: mark }));

const reasoning: fc.Arbitrary<AssistantPart> = fc.oneof(
  fc.record({ type: fc.constant('reasoning' as const), text: anyText, signature: anyText }),
  fc.base64String({ minLength: 4, maxLength: 40 }).map((sealed) => ({ type: 'reasoning', text: '', sealed }) as const),
);
const assistantParts = fc.array(fc.oneof(anyTextPart, anyToolCall, reasoning), { minLength: 1, maxLength: 4 });

const userMessage: fc.Arbitrary<ChatMessage> = fc
  .array(marked(fc.oneof(anyTextPart, anyImage)), { minLength: 1, maxLength: 3 })
  .map((parts) => ({ role: 'user', parts }));
const toolMessage: fc.Arbitrary<ChatMessage> = fc.record(
  {
    role: fc.constant('tool' as const),
    callId: anyId,
    parts: fc.array(fc.oneof(anyTextPart, anyImage), { maxLength: 2 }),
    isError: fc.boolean(),
    cache: fc.constant({}),
  },
  { requiredKeys: ['role', 'callId', 'parts'] },
);
const later: fc.Arbitrary<readonly ChatMessage[]> = fc
  .tuple(assistantParts, fc.array(toolMessage, { maxLength: 2 }), userMessage)
  .map(([parts, results, user]) => [{ role: 'assistant', parts }, ...results, user]);
const system: fc.Arbitrary<readonly ChatMessage[]> = fc
  .array(marked(anyTextPart), { maxLength: 2 })
  .map((parts) => (parts.length === 0 ? [] : [{ role: 'system', parts }]));

const request: fc.Arbitrary<ChatRequest> = fc
  .record(
    {
      messages: fc
        .tuple(system, userMessage, fc.array(later, { maxLength: 2 }))
        .map(([first, user, rest]) => [...first, user, ...rest.flat()]),
      tools: fc.uniqueArray(marked(anyTool), { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      toolChoice: fc.constantFrom(
        { type: 'auto' as const },
        { type: 'required' as const },
        { type: 'tool' as const, name: 't' },
      ),
      maxOutputTokens: fc.nat(),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
      topP: fc.constantFrom(0.1, 1),
      topK: fc.nat(),
      stop: fc.array(anyText, { minLength: 1, maxLength: 3 }),
      metadata: fc.constant({ team: 'a' }),
      output: fc.record(
        { type: fc.constant('json-schema' as const), name: anyText, schema: anyObject },
        { requiredKeys: ['type', 'schema'] },
      ),
    },
    { requiredKeys: ['messages', 'tools'] },
  )
  .map((members) => ({ ...members, dialect: 'openai-chat', stream: false }));

test('what of a request can be said in Converse is found there again, and nothing is reported as left out', () => {
  fc.assert(
    fc.property(request, (chat) => {
      const { body, names, dropped } = encodeConverse(chat, CLAUDE, undefined);
      const { dialect: _dialect, stream: _stream, ...expected } = chat;
      assert.deepEqual(normalize(readConverse(parseExactly(body), names)), normalize(expected));
      assert.deepEqual(dropped, []);
      const { messages } = JSON.parse(body) as { messages: { role: string }[] };
      assert.ok(messages.every(({ role }, i) => role === (i % 2 === 0 ? 'user' : 'assistant')));
    }),
    { numRuns: 300 },
  );
});

/** Without prototypes and members that are undefined, so that what is equal on the wire is equal. */
const normalize = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

interface Answer {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
}
const answer: fc.Arbitrary<Answer> = fc.record({ parts: assistantParts, stop: anyStop });
const STOPS: { readonly [stop in StopReason]?: string } = {
  ...{ end: 'end_turn', 'max-tokens': 'max_tokens', 'tool-calls': 'tool_use', 'stop-sequence': 'stop_sequence' },
};
const namesOf = ({ parts }: Answer) => {
  const names = createToolNames(TOOL_NAME_RULES);
  for (const part of parts) if (part.type === 'tool-call') names.toWire(part.name);
  return names;
};

function wireBlock(part: AssistantPart, names: ReturnType<typeof namesOf>): object {
  if (part.type === 'tool-call')
    return { toolUse: { toolUseId: part.id, name: names.toWire(part.name), input: parseExactly(part.arguments) } };
  if (part.type !== 'reasoning') return { text: part.type === 'text' ? part.text : '' };
  const { text, signature, sealed } = part;
  return {
    reasoningContent: sealed === undefined ? { reasoningText: { text, signature } } : { redactedContent: sealed },
  };
}

test('a whole answer means what was written', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const names = namesOf(given);
      const content = given.parts.map((part) => wireBlock(part, names));
      const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 };
      const wire = { output: { message: { role: 'assistant', content } }, stopReason: STOPS[given.stop], usage };
      const { choices } = decodeConverse(JSON.stringify(wire), HEAD, names);
      assert.deepEqual(normalize(choices), normalize([given]));
    }),
    { numRuns: 300 },
  );
});

function wireEvents({ parts, stop }: Answer, names: ReturnType<typeof namesOf>): readonly WireEvent[] {
  const blocks = parts.flatMap((part, contentBlockIndex): WireEvent[] => {
    const delta = (value: object): WireEvent => ({ contentBlockDelta: { delta: value, contentBlockIndex } });
    const deltas: WireEvent[] = [];
    if (part.type === 'tool-call') {
      const toolUse = { toolUseId: part.id, name: names.toWire(part.name) };
      deltas.push({ contentBlockStart: { start: { toolUse }, contentBlockIndex } });
      for (const input of part.arguments) deltas.push(delta({ toolUse: { input } }));
    } else if (part.type === 'text') for (const text of part.text) deltas.push(delta({ text }));
    else if (part.type === 'reasoning' && part.sealed !== undefined)
      deltas.push(delta({ reasoningContent: { redactedContent: part.sealed } }));
    else if (part.type === 'reasoning') {
      for (const text of part.text) deltas.push(delta({ reasoningContent: { text } }));
      deltas.push(delta({ reasoningContent: { signature: part.signature } }));
    }
    return [...deltas, { contentBlockStop: { contentBlockIndex } }];
  });
  const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 };
  return [
    { messageStart: { role: 'assistant' } },
    ...blocks,
    { messageStop: { stopReason: STOPS[stop] } },
    { metadata: { usage } },
  ];
}

const decoderFor = (names: ReturnType<typeof namesOf>) =>
  createConverseDecoder({ head: HEAD, names, maxFrameBytes: 1_000_000, clean: (words) => words });

test('a stream means the same wherever its bytes are cut', () => {
  fc.assert(
    fc.property(answer, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (given, cuts, single) => {
      const names = namesOf(given);
      const bytes = Buffer.concat(wireEvents(given, names).map(encodeFrame));
      const pieces = single ? Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)) : cutBytes(bytes, cuts);
      const decoder = decoderFor(names);
      const events = [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.finish()];
      const { parts, stop, usage } = joinEvents(events);
      assert.deepEqual(normalize({ parts, stop }), normalize(given));
      assert.deepEqual(usage, { inputTokens: 1, outputTokens: 2 });
    }),
    { numRuns: 100 },
  );
});

test('a stream that is cut off anywhere has no end', () => {
  const bytes = Buffer.concat(
    wireEvents({ parts: [{ type: 'text', text: 'hello' }], stop: 'end' }, createToolNames(TOOL_NAME_RULES)).map(
      encodeFrame,
    ),
  );
  const metadata = encodeFrame({ metadata: { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } } }).length;
  for (let end = 0; end < bytes.length; end++) {
    // Between the last two frames it is all there but the usage.
    if (end === bytes.length - metadata) continue;
    const decoder = decoderFor(createToolNames(TOOL_NAME_RULES));
    decoder.push(bytes.subarray(0, end));
    assert.deepEqual(decoder.finish(), [], `cut at ${end}`);
  }
});

test('a byte that was changed on the way is noticed, wherever it stands', () => {
  const frame = encodeFrame({ contentBlockDelta: { delta: { text: 'hello' }, contentBlockIndex: 0 } });
  for (let at = 0; at < frame.length; at++) {
    const changed = Buffer.from(frame);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at);
    assert.throws(
      () => createFrameReader(1_000_000).push(changed),
      (error: unknown) => error instanceof ProviderFailure && error.kind === 'malformed',
      `changed at ${at}`,
    );
  }
});

test('a frame larger than allowed is refused before it is read', () => {
  const frame = encodeFrame({ contentBlockDelta: { delta: { text: 'x'.repeat(5_000) } } });
  assert.throws(() => createFrameReader(4_000).push(frame.subarray(0, 20)), /larger than 4000 bytes/);
});

test('names of any kind reach Bedrock in its own characters, and tell apart what is different', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyName, { minLength: 2, maxLength: 5 }), (given) => {
      const names = createToolNames(TOOL_NAME_RULES);
      const wire = given.map((name) => names.toWire(name));
      assert.ok(wire.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)));
      assert.deepEqual(
        wire.map((name) => names.fromWire(name).name),
        given,
      );
    }),
  );
});
