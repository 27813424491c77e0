/** One try at a provider that speaks Responses, whatever its client speaks. */

import type { JsonText } from '../../../contracts/json.ts';
import {
  type ChatModelRequest,
  type ModelOutcome,
  type ModelReport,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { scanMembers, withMembers } from '../../../lib/json-text.ts';
import { failureOf } from '../classify-status.ts';
import { readFailedText, secretsOf } from '../failed-answer.ts';
import { openNeutralStream } from '../neutral-stream.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type ProviderResponse, sendToProvider, targetOf } from '../send.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { readAnswer } from './neutral-lane.ts';
import { passAnswer, passStream, patchBody } from './passing-lane.ts';
import { readErrorBody } from './read-error.ts';

type ChatOutcome = Extract<ModelOutcome, { readonly type: 'chat' | 'chat-stream' }>;
export type ResponsesChat = (call: ProviderCall<ChatModelRequest>) => Promise<ChatOutcome>;

/** Azure has two surfaces; on neither does the path say which model. */
function urlOf({ type, baseUrl, apiVersion }: ProviderConfig): string {
  if (type !== 'azure') return `${baseUrl}/responses`;
  // Both forms are found in Azure's own pages: with the surface in it, and without.
  const resource = baseUrl.replace(/\/openai(\/v1)?$/, '');
  if (apiVersion === undefined) return `${resource}/openai/v1/responses`;
  return `${resource}/openai/responses?api-version=${encodeURIComponent(apiVersion)}`;
}

/** Names and values in turn; those of the configuration replace ours of the same name. */
function headersOf(config: ProviderConfig, call: ProviderCall<ChatModelRequest>): readonly string[] {
  const { request, key, traceparent } = call;
  const headers = new Map(request.dialect === 'openai-responses' ? request.headers : []);
  headers.set('content-type', 'application/json');
  headers.set('accept', request.stream ? 'text/event-stream' : 'application/json');
  if (key !== undefined && config.type === 'azure') headers.set('api-key', key.value.open());
  else if (key !== undefined) headers.set('authorization', `Bearer ${key.value.open()}`);
  if (traceparent !== undefined) headers.set('traceparent', traceparent);
  for (const [name, value] of Object.entries(config.headers)) headers.set(name.toLowerCase(), value.open());
  return [...headers].flat();
}

/** Clients of Responses get what the provider sent, byte for byte; others what it means. */
export function createResponsesChat({ http }: Pick<ProviderDeps, 'http'>, config: ProviderConfig): ResponsesChat {
  const url = targetOf(urlOf(config));
  const send = async (call: ProviderCall<ChatModelRequest>, body: JsonText): Promise<ProviderResponse> => {
    const { key, signal, firstByteTimeoutMs, idleTimeoutMs } = call;
    const response = await sendToProvider(
      http,
      { method: 'POST', url, headers: headersOf(config, call), body },
      { signal, firstByteTimeoutMs, idleTimeoutMs, maxBytes: config.maxAnswerBytes },
    );
    if (response.status >= 200 && response.status < 300) return response;
    throw failureOf(response, readErrorBody(await readFailedText(response)), secretsOf(config, key));
  };

  return async (call) => {
    const { request, report } = call;
    const isPassing = request.dialect === 'openai-responses' && request.isNeutral !== true;
    const { body, names } = isPassing ? passing(call) : encoded(call);
    const response = await send(call, withoutRefused(body, report));
    if (!request.stream) {
      const text = await response.text();
      if (isPassing) return { type: 'chat', answer: { lane: 'pass', value: passAnswer(text, report) } };
      return { type: 'chat', answer: { lane: 'neutral', value: readAnswer(text, names, report) } };
    }
    const contentType = response.headers['content-type'] ?? 'text/event-stream';
    if (contentType.startsWith('application/json')) {
      response.cancel();
      throw new ProviderFailure('malformed', 'a whole answer to a request for a stream');
    }
    const bound = config.maxAnswerBytes;
    if (isPassing) {
      const value = await passStream(response, report, bound);
      return { type: 'chat-stream', stream: { lane: 'pass', value }, contentType };
    }
    const value = await openNeutralStream(response, createStreamDecoder(names, bound), report);
    return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType };
  };

  /** Members this vendor refuses are left out and named. Its renames are of members of chat completions. */
  function withoutRefused(body: JsonText, report: ModelReport): JsonText {
    const { refuses } = config.quirks;
    if (refuses.length === 0) return body;
    const present = scanMembers(body).flatMap(({ key }) => (refuses.includes(key) ? [key] : []));
    if (present.length === 0) return body;
    report.dropped = [...report.dropped, ...present];
    return withMembers(body, Object.fromEntries(present.map((member) => [member, undefined])));
  }
}

interface Prepared {
  readonly body: JsonText;
  readonly names: ToolNames;
}

function passing({ body, model, injected }: ProviderCall<ChatModelRequest>): Prepared {
  return { body: patchBody(body.text, model, injected), names: createToolNames({ character: /./, maxChars: 1 }) };
}

/** Throws ProviderFailure `unsupported`. */
function encoded({ request, model, injected, report }: ProviderCall<ChatModelRequest>): Prepared {
  const { body, dropped, names } = encodeRequest(request.chat(), model);
  report.dropped = [...report.dropped, ...dropped];
  return { body: patchBody(JSON.stringify(body), model, injected), names };
}
