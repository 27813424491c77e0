import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  anyId,
  anyImage,
  anyObject,
  anyStop,
  anyText,
  anyTextPart,
  anyTool,
  anyToolCall,
  cutBytes,
} from '../../../../test/support/providers/any-chat.ts';
import { joinEvents } from '../../../../test/support/providers/join-events.ts';
import { readCohereChat } from '../../../../test/support/providers/read-cohere-chat.ts';
import type { AssistantPart, ChatMessage, ChatRequest, StopReason } from '../../../contracts/chat.ts';
import { encodeSse } from '../../../lib/sse.ts';
import { createToolNames } from '../tool-names.ts';
import { decodeAnswer } from './decode-answer.ts';
import { createCohereDecoder } from './decode-stream.ts';
import { encodeChat, TOOL_NAME_RULES } from './encode-request.ts';

const HEAD = { id: 'id', model: 'command-a', createdAtS: 1 };

const thought: fc.Arbitrary<AssistantPart> = anyText.map((text) => ({ type: 'reasoning', text }));
/** In the order that Cohere's wire has: thoughts, then words, then calls; one text where there are calls. */
const assistantParts: fc.Arbitrary<readonly AssistantPart[]> = fc.oneof(
  fc
    .tuple(fc.array(thought, { maxLength: 2 }), fc.array(anyTextPart, { minLength: 1, maxLength: 2 }))
    .map((parts) => parts.flat()),
  fc
    .tuple(
      fc.array(thought, { maxLength: 1 }),
      fc.array(anyTextPart, { maxLength: 1 }),
      fc.array(anyToolCall, { minLength: 1, maxLength: 3 }),
    )
    .map((parts) => parts.flat()),
);
const textsOf = (role: 'system' | 'user'): fc.Arbitrary<ChatMessage> =>
  fc.array(anyTextPart, { minLength: 1, maxLength: 2 }).map((parts) => ({ role, parts }));
const userMessage: fc.Arbitrary<ChatMessage> = fc
  .array(fc.oneof(anyTextPart, anyImage), { minLength: 1, maxLength: 3 })
  .map((parts) => ({ role: 'user', parts }));
const toolMessage: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constant('tool' as const),
  callId: anyId,
  parts: fc.array(anyTextPart, { minLength: 1, maxLength: 2 }),
});
const assistantMessage: fc.Arbitrary<ChatMessage> = assistantParts.map((parts) => ({ role: 'assistant', parts }));

const request: fc.Arbitrary<ChatRequest> = fc
  .record(
    {
      messages: fc.array(fc.oneof(textsOf('system'), userMessage, assistantMessage, toolMessage), { minLength: 1 }),
      tools: fc.uniqueArray(anyTool, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
      toolChoice: fc.constantFrom({ type: 'required' as const }, { type: 'none' as const }),
      maxOutputTokens: fc.nat(),
      temperature: fc.constantFrom(0, 0.5),
      topP: fc.constantFrom(0.1, 0.99),
      topK: fc.nat(),
      stop: fc.array(anyText, { minLength: 1, maxLength: 3 }),
      seed: fc.nat(),
      frequencyPenalty: fc.constantFrom(0, 0.5),
      presencePenalty: fc.constantFrom(0, 0.5),
      output: fc.oneof(
        fc.constant({ type: 'json' as const }),
        anyObject.map((schema) => ({ type: 'json-schema' as const, schema })),
      ),
      reasoning: fc.oneof(
        fc.constant({ enabled: false }),
        fc.record({ enabled: fc.constant(true), budgetTokens: fc.nat() }, { requiredKeys: ['enabled'] }),
      ),
      stream: fc.boolean(),
    },
    { requiredKeys: ['messages', 'tools', 'stream'] },
  )
  .map((members) => ({ ...members, dialect: 'openai-chat' }));

/** Without prototypes and members that are undefined, so that what is equal on the wire is equal. */
const normalize = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('what of a request can be said to Cohere is found there again, and nothing is reported as left out', () => {
  fc.assert(
    fc.property(request, (chat) => {
      const { body, names, dropped } = encodeChat(chat, 'command-a', undefined);
      const { dialect: _dialect, ...expected } = chat;
      assert.deepEqual(normalize(readCohereChat(JSON.parse(body), names)), normalize(expected));
      assert.deepEqual(dropped, []);
    }),
    { numRuns: 300 },
  );
});

interface Answer {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
}
const answer: fc.Arbitrary<Answer> = fc.record({ parts: assistantParts, stop: anyStop });
const STOPS: { readonly [stop in StopReason]?: string } = {
  ...{ end: 'COMPLETE', 'max-tokens': 'MAX_TOKENS', 'tool-calls': 'TOOL_CALL', 'stop-sequence': 'STOP_SEQUENCE' },
};
const namesOf = ({ parts }: Answer) => {
  const names = createToolNames(TOOL_NAME_RULES);
  for (const part of parts) if (part.type === 'tool-call') names.toWire(part.name);
  return names;
};

/** Thoughts and texts, or the text that is a plan, and the calls. */
function sort({ parts }: Answer) {
  const calls = parts.filter((part) => part.type === 'tool-call');
  const contents = parts.flatMap((part) => {
    if (part.type === 'reasoning') return [{ name: 'thinking', text: part.text }];
    return part.type === 'text' && calls.length === 0 ? [{ name: 'text', text: part.text }] : [];
  });
  const plan = calls.length === 0 ? undefined : parts.find((part) => part.type === 'text')?.text;
  return { calls, contents, plan };
}

const USAGE = { billed_units: { input_tokens: 1, output_tokens: 2 }, tokens: { input_tokens: 9, output_tokens: 2 } };

test('a whole answer means what was written', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const names = namesOf(given);
      const { calls, contents, plan } = sort(given);
      const message = {
        role: 'assistant',
        content: contents.map(({ name, text }) => ({ type: name, [name]: text })),
        tool_plan: plan,
        tool_calls: calls.map(({ id, name, arguments: written }) => ({
          ...{ id, type: 'function', function: { name: names.toWire(name), arguments: written } },
        })),
      };
      const wire = JSON.stringify({ id: 'x', finish_reason: STOPS[given.stop], message, usage: USAGE });
      const { choices, usage } = decodeAnswer(wire, HEAD, names);
      assert.deepEqual(normalize(choices), normalize([given]));
      assert.deepEqual(usage, { inputTokens: 1, outputTokens: 2 });
    }),
    { numRuns: 300 },
  );
});

function wireStream(given: Answer, names: ReturnType<typeof namesOf>): string {
  const { calls, contents, plan } = sort(given);
  const events: object[] = [{ type: 'message-start', id: 'x', delta: { message: { role: 'assistant' } } }];
  for (const [index, { name, text }] of contents.entries()) {
    const content = (value: object): object => ({ index, delta: { message: { content: value } } });
    events.push({ type: 'content-start', ...content({ type: name, [name]: '' }) });
    for (const piece of text) events.push({ type: 'content-delta', ...content({ [name]: piece }) });
    events.push({ type: 'content-end', index });
  }
  for (const piece of plan ?? '') events.push({ type: 'tool-plan-delta', delta: { message: { tool_plan: piece } } });
  for (const [index, { id, name, arguments: written }] of calls.entries()) {
    const call = { id, type: 'function', function: { name: names.toWire(name), arguments: '' } };
    events.push({ type: 'tool-call-start', index, delta: { message: { tool_calls: call } } });
    for (const piece of written)
      events.push({
        ...{ type: 'tool-call-delta', index },
        delta: { message: { tool_calls: { function: { arguments: piece } } } },
      });
    events.push({ type: 'tool-call-end', index });
  }
  events.push({ type: 'message-end', delta: { finish_reason: STOPS[given.stop], usage: USAGE } });
  return events.map((event) => encodeSse(JSON.stringify(event))).join('');
}

test('a stream means the same wherever its bytes are cut', () => {
  fc.assert(
    fc.property(answer, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (given, cuts, single) => {
      const names = namesOf(given);
      const bytes = Buffer.from(wireStream(given, names), 'utf8');
      const pieces = single ? Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)) : cutBytes(bytes, cuts);
      const decoder = createCohereDecoder(HEAD, names, 1_000_000);
      const { parts, stop, usage } = joinEvents(pieces.flatMap((piece) => decoder.push(piece)));
      assert.deepEqual(normalize({ parts, stop }), normalize(given));
      assert.deepEqual(usage, { inputTokens: 1, outputTokens: 2 });
    }),
    { numRuns: 100 },
  );
});
