/** Golden fixtures of Converse and of Cohere's chat: neutral requests to the wire, answers of the wire to neutral ones. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatChoice, ChatRequest, Usage } from '../../src/contracts/chat.ts';
import { encodeSse } from '../../src/lib/sse.ts';
import { decodeConverse } from '../../src/upstreams/models/bedrock/decode-answer.ts';
import { createConverseDecoder } from '../../src/upstreams/models/bedrock/decode-stream.ts';
import { encodeConverse } from '../../src/upstreams/models/bedrock/encode-request.ts';
import { decodeAnswer } from '../../src/upstreams/models/cohere/decode-answer.ts';
import { createCohereDecoder } from '../../src/upstreams/models/cohere/decode-stream.ts';
import { encodeChat } from '../../src/upstreams/models/cohere/encode-request.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';
import { encodeFrame, type WireEvent } from '../support/providers/converse-frames.ts';
import { joinEvents } from '../support/providers/join-events.ts';

const FOLDER = new URL('../fixtures/dialects/', import.meta.url).pathname;
const HEAD = { id: 'id', model: 'm', createdAtS: 1 };
const NAMES = createToolNames({ character: /./, maxChars: 64 });

interface RequestFixture {
  readonly about: string;
  readonly model: string;
  readonly neutral: ChatRequest;
  readonly wire: object;
  readonly dropped: readonly string[];
}

interface AnswerFixture {
  readonly wire: object;
  readonly stream: readonly WireEvent[];
  readonly neutral: Pick<ChatChoice, 'parts' | 'stop'> & { readonly usage: Usage };
}

function read(dialect: string, file: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, dialect, file), 'utf8'));
}

const DIALECTS = {
  bedrock: {
    encode: encodeConverse,
    decode: decodeConverse,
    frame: encodeFrame,
    createDecoder: () =>
      createConverseDecoder({ head: HEAD, names: NAMES, maxFrameBytes: 1_000_000, clean: (words) => words }),
  },
  cohere: {
    encode: encodeChat,
    decode: decodeAnswer,
    frame: (event: WireEvent) => Buffer.from(encodeSse(JSON.stringify(event))),
    createDecoder: () => createCohereDecoder(HEAD, NAMES, 1_000_000),
  },
} as const;

for (const [dialect, { encode, decode, frame, createDecoder }] of Object.entries(DIALECTS)) {
  const files = readdirSync(join(FOLDER, dialect)).filter((file) => file !== 'answer.json');
  for (const file of files) {
    const { about, model, neutral, wire, dropped } = read(dialect, file) as RequestFixture;
    test(`${dialect}: ${about}`, () => {
      const encoded = encode(neutral, model, undefined);
      assert.deepEqual(JSON.parse(encoded.body), wire);
      assert.deepEqual(encoded.dropped, dropped);
    });
  }

  test(`${dialect}: an answer means the same whole and streamed`, () => {
    const { wire, stream, neutral } = read(dialect, 'answer.json') as AnswerFixture;
    const { choices, usage } = decode(JSON.stringify(wire), HEAD, NAMES);
    assert.deepEqual({ ...choices[0], usage }, neutral);
    const decoder = createDecoder();
    const events = [...stream.flatMap((event) => decoder.push(frame(event))), ...decoder.finish()];
    const { stopSequence: _, ...joined } = joinEvents(events);
    assert.deepEqual(joined, neutral);
  });
}
