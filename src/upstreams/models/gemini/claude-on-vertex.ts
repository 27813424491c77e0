/** Claude on Vertex: Anthropic's Messages, with the model in the path and the version in the body. */

import {
  type ChatModelRequest,
  type ModelOutcome,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { encodeMessages } from '../anthropic/encode-messages.ts';
import { patchBody } from '../anthropic/patch-body.ts';
import { readAnswer } from '../anthropic/read-answer.ts';
import { readError } from '../anthropic/read-error.ts';
import type { WireNames } from '../anthropic/wire-names.ts';
import { failureOf } from '../classify-status.ts';
import { type Explain, type GoogleClient, post } from './google-client.ts';
import { failureOfBody } from './read-error.ts';

const VERSION = 'vertex-2023-10-16';
/** Counting is a model of its own there; whose tokens stands in the body. */
const COUNTER = 'count-tokens';

const PREFIX = /^(?:publishers\/anthropic\/)?models\//;

/** Nothing with a slash after its name: it must not be taken for another one than it was allowed for. */
export function isClaude(model: string): boolean {
  return /^claude-[^/]+$/.test(bare(model));
}

/** Throws ProviderFailure. */
export async function chatWithClaude(
  client: GoogleClient,
  call: ProviderCall<ChatModelRequest>,
): Promise<Extract<ModelOutcome, { readonly type: 'chat' | 'chat-stream' }>> {
  const { request, report, model } = call;
  const { body, names } = bodyOf(call, undefined);
  const url = client.surface.url(bare(model), request.stream ? 'streamRawPredict' : 'rawPredict', 'anthropic');
  const response = await post(client, call, { url, body, headers: betasOf(request) }, explain);
  const createdAtS = Math.floor(client.deps.now() / 1_000);
  return readAnswer(response, { report, stream: request.stream, names, createdAtS });
}

/** Throws ProviderFailure. */
export async function countForClaude(
  client: GoogleClient,
  call: ProviderCall<ChatModelRequest>,
): Promise<Extract<ModelOutcome, { readonly type: 'token-count' }>> {
  const { body, names } = bodyOf(call, bare(call.model));
  const url = client.surface.url(COUNTER, 'rawPredict', 'anthropic');
  const response = await post(client, call, { url, body, headers: betasOf(call.request) }, explain);
  const text = await response.text();
  if (names === undefined) return { type: 'token-count', answer: { lane: 'pass', value: text } };
  return { type: 'token-count', answer: { lane: 'neutral', value: { inputTokens: readCount(text) } } };
}

function bare(model: string): string {
  return model.replace(PREFIX, '');
}

/** `modelInBody` undefined: it stands in the path. Names are undefined on the passing lane. */
function bodyOf(
  { request, body, model, injected, report }: ProviderCall<ChatModelRequest>,
  modelInBody: string | undefined,
): { readonly body: string; readonly names: WireNames | undefined } {
  if (request.dialect === 'anthropic' && request.isNeutral !== true) {
    const members = { anthropic_version: JSON.stringify(VERSION) };
    return { body: patchBody(body, { model: modelInBody, injected, members }), names: undefined };
  }
  const encoded = encodeMessages(request.chat(), {
    ...{ model: bare(model), injected, modelInBody: modelInBody !== undefined, streamInBody: true },
    ...{ countOnly: request.operation === 'count', members: { anthropic_version: VERSION } },
  });
  report.dropped = encoded.dropped;
  return encoded;
}

function betasOf({ dialect, headers }: ChatModelRequest): readonly string[] {
  const betas = dialect === 'anthropic' ? headers.get('anthropic-beta') : undefined;
  return betas === undefined ? [] : ['anthropic-beta', betas];
}

/** Claude says what is wrong in its own words, and Google, before it was asked, in Google's. */
const explain: Explain = (response, text, secrets) => {
  const said = readError(text);
  return said.kind === undefined ? failureOfBody(response, text, secrets) : failureOf(response, said, secrets);
};

function readCount(text: string): number {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (isObject(value) && typeof value.input_tokens === 'number') return value.input_tokens;
  throw new ProviderFailure('malformed', 'the answer holds no count');
}
