/** Gemini's embeddings: `embedContent` for one text, `batchEmbedContents` for several. */

import type { EmbedAnswer, EmbedRequest } from '../../contracts/embed.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { toCamelCase } from './camel-case.ts';
import { readCount, readObject, readObjects, readString, restOf, wrong } from './read-member.ts';

const KNOWN: ReadonlySet<string> = new Set(['model', 'content', 'taskType', 'title', 'outputDimensionality']);

/** More than any model has. */
const MAX_DIMENSIONS = 1_000_000;

/** Throws GatewayError `invalid_params` that names the member, `unsupported_by_model` for requests of one batch that differ. */
export function decodeEmbed(given: JsonObject, single: boolean): EmbedRequest {
  const body = toCamelCase(given);
  if (single) return decodeOne([body], true, '');
  const requests = readObjects(body, 'requests', '');
  if (requests.length === 0) throw wrong('requests', 'a list with at least one request');
  return decodeOne(requests, false, 'requests[0].');
}

function decodeOne(requests: readonly JsonObject[], single: boolean, path: string): EmbedRequest {
  const [first = {}] = requests;
  const wishes = wishesOf(first, path);
  const asText = JSON.stringify(wishes);
  return {
    dialect: 'gemini',
    inputs: requests.map((request, i) => {
      const at = single ? '' : `requests[${i}].`;
      if (i > 0 && JSON.stringify(wishesOf(request, at)) !== asText)
        throw new GatewayError(
          'unsupported_by_model',
          `${at}taskType, title and dimensions must be those of the first`,
        );
      return textOf(request, at);
    }),
    single,
    ...wishes,
  };
}

function wishesOf(request: JsonObject, path: string): Omit<EmbedRequest, 'dialect' | 'inputs' | 'single'> {
  const dimensions = readCount(request, 'outputDimensionality', path, MAX_DIMENSIONS);
  const taskType = readString(request, 'taskType', path);
  const title = readString(request, 'title', path);
  const extra = restOf(request, KNOWN);
  return {
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(taskType === undefined ? {} : { taskType }),
    ...(title === undefined ? {} : { title }),
    ...(extra === undefined ? {} : { extra }),
  };
}

function textOf(request: JsonObject, path: string): string {
  const content = readObject(request, 'content', path);
  if (content === undefined) throw wrong(`${path}content`, 'a content');
  const parts = readObjects(content, 'parts', `${path}content.`);
  if (parts.length === 0) throw wrong(`${path}content.parts`, 'a list with at least one part');
  return parts
    .map((part, i) => {
      const at = `${path}content.parts[${i}].`;
      const text = readString(part, 'text', at);
      if (text !== undefined) return text;
      if (Object.values(part).every((value) => value === null)) throw wrong(`${at}text`, 'a string');
      throw new GatewayError('unsupported_by_model', `${at}text: only texts are embedded`);
    })
    .join('');
}

export function encodeEmbeddings(answer: EmbedAnswer, single: boolean): JsonText {
  const embeddings = answer.vectors.map((values) => ({ values }));
  const usage = answer.inputTokens === undefined ? {} : { usageMetadata: { promptTokenCount: answer.inputTokens } };
  return JSON.stringify(single ? { embedding: embeddings[0] ?? { values: [] }, ...usage } : { embeddings, ...usage });
}
