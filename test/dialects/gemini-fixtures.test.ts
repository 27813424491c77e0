/** Golden fixtures of Gemini's dialect, read both ways. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ChatAnswer, ChatEvent, ChatRequest } from '../../src/contracts/chat.ts';
import { GatewayError } from '../../src/contracts/errors.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { decodeChat } from '../../src/edges/gemini/decode-chat.ts';
import { encodeAnswer } from '../../src/edges/gemini/encode-answer.ts';
import { geminiEdge } from '../../src/edges/gemini/gemini-edge.ts';
import { type DecodeContext, decodeAnswer } from '../../src/upstreams/models/gemini/decode-answer.ts';
import { createStreamDecoder } from '../../src/upstreams/models/gemini/decode-stream.ts';
import { encodeRequest } from '../../src/upstreams/models/gemini/encode-request.ts';
import { GEMINI_NAMES } from '../../src/upstreams/models/gemini/encode-tools.ts';
import { createPieceReader } from '../../src/upstreams/models/gemini/read-pieces.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';

const FOLDER = new URL('../fixtures/dialects/gemini/', import.meta.url);
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
const clean = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

interface RequestFixture {
  readonly stream?: boolean;
  readonly model: string;
  readonly wireRequest?: JsonObject;
  readonly neutral: ChatRequest;
  readonly wireAgain: JsonObject;
  readonly dropped: readonly string[];
}

for (const name of ['agent-turn.json', 'from-elsewhere.json'])
  test(`${name} is decoded and encoded as written down`, () => {
    const fixture = read<RequestFixture>(name);
    if (fixture.wireRequest !== undefined)
      assert.deepEqual(clean(decodeChat(fixture.wireRequest, fixture.stream === true)), fixture.neutral);
    const options = { model: fixture.model, isVertex: false, injected: undefined };
    const { body, dropped } = encodeRequest(fixture.neutral, options);
    assert.deepEqual(JSON.parse(body), fixture.wireAgain);
    assert.deepEqual(dropped, fixture.dropped);
  });

interface AnswerFixture {
  readonly wireAnswer: JsonObject;
  readonly neutral: ChatAnswer;
  readonly wireStream: readonly string[];
  readonly events: readonly ChatEvent[];
}

const context: DecodeContext = {
  ...{ names: createToolNames(GEMINI_NAMES), custom: new Set<string>(), model: 'm', now: () => 0 },
  newId: () => assert.fail('an id was lost'),
};

test('the answer is decoded and encoded as written down, whole and as a stream', () => {
  const { wireAnswer, neutral, wireStream, events } = read<AnswerFixture>('answer.json');
  assert.deepEqual(clean(decodeAnswer(wireAnswer, context)), neutral);
  assert.deepEqual(JSON.parse(encodeAnswer(neutral)), wireAnswer);
  const reader = createPieceReader('sse', 100_000);
  const decoder = createStreamDecoder(context);
  const decoded = wireStream.flatMap((text) =>
    reader.read(Buffer.from(text)).flatMap((piece) => decoder.decode(piece)),
  );
  assert.deepEqual(clean([...decoded, ...decoder.finish()]), events);
  const encoder = geminiEdge.createStreamEncoder({});
  assert.equal(events.map((event) => encoder.encode([event])).join('') + encoder.finish(), wireStream.join(''));
});

test('a member of the wrong kind is refused by name', () => {
  const contents = [{ parts: [{ text: 'Hello' }] }];
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [{ contents: [] }, /contents must be a list with at least one content/],
    [{ contents: [{ role: 'assistant', parts: [] }] }, /contents\[0\]\.role must be "user" or "model"/],
    [{ contents: [{ parts: [{ text: 1 }] }] }, /contents\[0\]\.parts\[0\]\.text must be a string/],
    [{ contents: 'hi' }, /contents must be a list of objects/],
    [{ generationConfig: { temperature: 'warm' } }, /generationConfig\.temperature must be a number/],
    [{ tools: [{ functionDeclarations: [{}] }] }, /tools\[0\]\.functionDeclarations\[0\]\.name must be a name/],
    [{ toolConfig: { functionCallingConfig: { mode: 'SOME' } } }, /mode must be AUTO, ANY, NONE or VALIDATED/],
    [{ inlineData: 1, inline_data: 2 }, /inlineData stands twice/],
    [{ contents: [{ parts: [{ inlineData: { data: 'AA==' } }] }] }, /inlineData\.mimeType must be a media type/],
  ];
  for (const [body, message] of cases)
    assert.throws(
      () => decodeChat({ contents, ...body }, false),
      (error) => error instanceof GatewayError && error.code === 'invalid_params' && message.test(error.message),
    );
});

test("names in the caller's own data keep their spelling", () => {
  const { messages, tools } = decodeChat(
    {
      contents: [
        { role: 'model', parts: [{ function_call: { name: 'f', args: { snake_case: { a_b: 1 } } } }] },
        { parts: [{ function_response: { name: 'f', response: { is_ok: true } } }] },
      ],
      tools: [{ function_declarations: [{ name: 'f', parameters_json_schema: { properties: { a_b: {} } } }] }],
    },
    false,
  );
  assert.match(JSON.stringify(messages), /snake_case.*a_b.*is_ok/);
  assert.match(JSON.stringify(tools), /"a_b"/);
});
