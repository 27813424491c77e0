/** Embeddings on OpenAI's wire: forwarded where the client speaks it, else written from the neutral request. */

import type { EmbedAnswer, EmbedRequest } from '../../../contracts/embed.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { type ModelProvider, type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { memberText, scanMembers, withMembers } from '../../../lib/json-text.ts';
import { parseObject, sendOpenai } from '../openai-pass/send-openai.ts';
import type { ProviderDeps } from '../provider-codec.ts';

type Embed = NonNullable<ModelProvider['embed']>;

export function createEmbed(deps: ProviderDeps, config: ProviderConfig): Embed {
  return async (call) => {
    const { request, report } = call;
    const isSame = request.dialect === 'openai';
    const written = isSame ? patch(call.body.text, call.model) : encodeEmbed(request.embed(), call.model, report);
    const body = refit(written, config, report);
    const response = await sendOpenai(deps, config, call, {
      ...{ method: 'POST', path: 'embeddings', contentType: 'application/json', body, model: call.model },
    });
    const text = await response.text();
    if (isSame) {
      noteUsage(parseObject(checked(text).usage), report);
      return { type: 'embeddings', answer: { lane: 'pass', value: text } };
    }
    return { type: 'embeddings', answer: { lane: 'neutral', value: decodeEmbedAnswer(text, report) } };
  };
}

/** Every other byte stays. */
function patch(text: JsonText, model: string): JsonText {
  const member = scanMembers(text).find(({ key }) => key === 'model');
  if (member === undefined) return withMembers(text, { model: JSON.stringify(model) });
  return text.slice(0, member.valueStart) + JSON.stringify(model) + text.slice(member.valueEnd);
}

/** What this vendor refuses or calls otherwise. */
function refit(text: JsonText, { quirks }: ProviderConfig, report: ModelReport): JsonText {
  const changes: { [member: string]: JsonText | undefined } = {};
  const dropped: string[] = [];
  for (const member of quirks.refuses) {
    if (memberText(text, member) === undefined) continue;
    changes[member] = undefined;
    dropped.push(member);
  }
  for (const [member, name] of Object.entries(quirks.renames)) {
    const value = memberText(text, member);
    if (value === undefined) continue;
    changes[member] = undefined;
    changes[name] = value;
  }
  if (dropped.length > 0) report.dropped = [...report.dropped, ...dropped];
  return Object.keys(changes).length === 0 ? text : withMembers(text, changes);
}

/** Whether it is an answer at all, without reading its vectors. */
function checked(text: JsonText): { readonly usage: JsonText } {
  const whole = text.trim();
  if (!whole.endsWith('}')) throw malformed();
  let members: ReturnType<typeof scanMembers>;
  try {
    members = scanMembers(whole);
  } catch (error) {
    throw new ProviderFailure('malformed', 'embeddings that are no JSON', { cause: error });
  }
  const textOf = (name: string): JsonText => {
    const member = members.find(({ key }) => key === name);
    return member === undefined ? '' : whole.slice(member.valueStart, member.valueEnd);
  };
  const data = textOf('data');
  if (!data.startsWith('[') || !data.endsWith(']')) throw malformed();
  return { usage: textOf('usage') };
}

const malformed = (): ProviderFailure => new ProviderFailure('malformed', 'an answer without embeddings');

function noteUsage(usage: { readonly [key: string]: unknown } | undefined, report: ModelReport): number | undefined {
  const inputTokens = usage?.prompt_tokens;
  if (typeof inputTokens !== 'number') return undefined;
  report.usage = { inputTokens, outputTokens: 0 };
  return inputTokens;
}

/** What OpenAI has no word for is left out and named: it shapes the vectors, it does not change what they are of. */
export function encodeEmbed(request: EmbedRequest, model: string, report: Pick<ModelReport, 'dropped'>): JsonText {
  const dropped = [
    ...(request.taskType === undefined ? [] : ['taskType']),
    ...(request.title === undefined ? [] : ['title']),
    ...(request.dialect === 'openai' ? [] : Object.keys(request.extra ?? {})),
  ];
  if (dropped.length > 0) report.dropped = [...report.dropped, ...dropped];
  const [first] = request.inputs;
  const isOne = request.single && request.inputs.length === 1;
  return JSON.stringify({
    ...{ model, input: isOne ? first : request.inputs, encoding_format: 'float' },
    ...(request.dimensions !== undefined && { dimensions: request.dimensions }),
    ...(request.user !== undefined && { user: request.user }),
    ...(request.dialect === 'openai' && request.extra),
  });
}

/** Throws ProviderFailure `malformed`. */
export function decodeEmbedAnswer(text: JsonText, report: ModelReport): EmbedAnswer {
  const body = parseObject(text);
  if (body === undefined || !Array.isArray(body.data)) throw malformed();
  const vectors: (readonly number[])[] = [];
  for (const [i, entry] of body.data.entries()) {
    if (!isObject(entry)) throw malformed();
    const index = typeof entry.index === 'number' ? entry.index : i;
    if (!Number.isSafeInteger(index) || index < 0 || index >= body.data.length) throw malformed();
    vectors[index] = readVector(entry.embedding);
  }
  // A place that was told twice left another one empty.
  for (let i = 0; i < body.data.length; i++) if (vectors[i] === undefined) throw malformed();
  const usage = isObject(body.usage) ? body.usage : undefined;
  return {
    model: typeof body.model === 'string' ? body.model : '',
    ...{ vectors, inputTokens: noteUsage(usage, report) },
  };
}

const BYTES_PER_FLOAT = 4;

/** Numbers, or base64 of little-endian 32 bit floats, which some vendors send whatever was asked for. */
function readVector(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value;
  if (typeof value !== 'string') throw malformed();
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === 0 || bytes.length % BYTES_PER_FLOAT !== 0) throw malformed();
  return Array.from({ length: bytes.length / BYTES_PER_FLOAT }, (_, i) => bytes.readFloatLE(i * BYTES_PER_FLOAT));
}
