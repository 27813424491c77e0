/** Golden fixtures of embeddings on OpenAI's wire, checked from both sides: as the client's edge and as the provider's codec read them. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EmbedAnswer, EmbedRequest } from '../../src/contracts/embed.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { decodeEmbed } from '../../src/edges/openai/decode-embed.ts';
import { encodeEmbed as encodeAnswer } from '../../src/edges/openai/encode-embed.ts';
import { decodeEmbedAnswer, encodeEmbed } from '../../src/upstreams/models/openai-embed/create-embed.ts';

interface Fixture {
  readonly request: JsonObject & { readonly model: string };
  /** As we write it ourselves, where that differs. */
  readonly writtenRequest?: JsonObject;
  readonly neutralRequest: EmbedRequest;
  readonly answer: JsonObject;
  readonly neutralAnswer: EmbedAnswer;
}

const FOLDER = join(import.meta.dirname, '../fixtures/dialects/openai-embeddings');
const defined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

for (const file of readdirSync(FOLDER)) {
  const fixture = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Fixture;
  const { request, neutralRequest, answer, neutralAnswer } = fixture;

  test(`${file}: what the edge reads the codec writes, and what the codec reads the edge writes`, () => {
    const report = { attempts: [], dropped: [], outputChars: 0 };
    assert.deepEqual(defined(decodeEmbed(request)), neutralRequest);
    const written = JSON.parse(encodeEmbed(neutralRequest, request.model, report));
    assert.deepEqual(written, fixture.writtenRequest ?? request);
    assert.deepEqual(report.dropped, []);
    assert.deepEqual(decodeEmbedAnswer(JSON.stringify(answer), report), neutralAnswer);
    assert.deepEqual(JSON.parse(encodeAnswer(neutralAnswer, neutralRequest.encoding ?? 'float')), answer);
  });
}
