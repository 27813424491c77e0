/** The provider that speaks OpenAI's wire: OpenAI itself, Azure, and every vendor that is compatible. */

import {
  type ChatModelRequest,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { secretsOf } from '../failed-answer.ts';
import { createEmbed } from '../openai-embed/create-embed.ts';
import { createPass } from '../openai-pass/create-pass.ts';
import { createResponsesChat } from '../openai-responses/responses-chat.ts';
import type { CreateProvider } from '../provider-codec.ts';
import { type ProviderResponse, type SendRequest, sendToProvider, targetOf } from '../send.ts';
import { decodeAnswer } from './decode-answer.ts';
import { decodeStream } from './decode-stream.ts';
import { type ChatHabits, encodeChat } from './encode-chat.ts';
import { glance } from './glance.ts';
import { createListModels } from './list-models.ts';
import { createPatchChat } from './patch-chat.ts';
import { createProviderHeaders, providerUrl } from './provider-request.ts';
import { failureIn, readFailure } from './read-failure.ts';
import { readStop, usageIn } from './read-usage.ts';
import { tapStream } from './tap-stream.ts';

type ChatCall = ProviderCall<ChatModelRequest>;
type Chat = NonNullable<ModelProvider['chat']>;

export const createOpenaiProvider: CreateProvider = (deps, config): ModelProvider => {
  const habits: ChatHabits = {
    isOpenai: config.type === 'azure' || config.preset === 'openai',
    isKnown: config.type === 'azure' || config.preset !== undefined,
    quirks: config.quirks,
  };

  const patchChat = createPatchChat(config.quirks);
  const responsesChat = createResponsesChat(deps, config);

  const headersOf = createProviderHeaders(config);
  // Azure's older surface has a path for each deployment.
  const target = config.type === 'azure' ? undefined : targetOf(providerUrl(config, 'chat/completions', undefined));

  const begin = (call: ChatCall, body: SendRequest['body']): Promise<ProviderResponse> =>
    sendToProvider(
      deps.http,
      {
        method: 'POST',
        url: target ?? providerUrl(config, 'chat/completions', call.model),
        ...headersOf({
          key: call.key,
          traceparent: call.traceparent,
          client: call.request.dialect === 'openai-chat' ? call.request.headers : undefined,
        }),
        body,
      },
      {
        ...{ signal: call.signal, firstByteTimeoutMs: call.firstByteTimeoutMs, idleTimeoutMs: call.idleTimeoutMs },
        maxBytes: config.maxAnswerBytes,
      },
    );

  const send = async (call: ChatCall, body: SendRequest['body']): Promise<ProviderResponse> => {
    const response = await begin(call, body);
    if (response.status !== 200) throw await readFailure(response, secretsOf(config, call.key));
    return response;
  };

  /** The events of an answer that has begun; throws if it is no stream. */
  const piecesOf = async (call: ChatCall, response: ProviderResponse): Promise<AsyncIterable<Buffer>> => {
    const type = String(response.headers['content-type'] ?? '');
    if (!/json/i.test(type)) return response.pieces();
    const answer = readAnswer(await response.text(), secretsOf(config, call.key));
    throw new ProviderFailure('malformed', `a whole answer instead of a stream: ${Object.keys(answer).join(', ')}`);
  };

  const passChat: Chat = async (call) => {
    const { body, dropped, stripsUsage } = patchChat(call);
    const { report } = call;
    report.dropped = dropped;
    // Not `send`, which would be one turn more.
    const response = await begin(call, body);
    if (response.status !== 200) throw await readFailure(response, secretsOf(config, call.key));
    if (call.request.stream) {
      const secrets = secretsOf(config, call.key);
      const contentType = String(response.headers['content-type'] ?? 'text/event-stream');
      const pieces = await piecesOf(call, response);
      const value = tapStream(pieces, { report, stripsUsage, secrets, maxLineBytes: config.maxAnswerBytes });
      return { type: 'chat-stream', stream: { lane: 'pass', value }, contentType };
    }
    const bytes = response.bytesNow() ?? (await response.bytes());
    const answer = bytes.toString('utf8');
    if (!glance(report, bytes)) noteAnswer(call, readAnswer(answer, secretsOf(config, call.key)));
    return { type: 'chat', answer: { lane: 'pass', value: answer } };
  };

  const translateChat: Chat = async (call) => {
    const { text, dropped, names } = encodeChat(call.request.chat(), {
      ...{ model: call.model, stream: call.request.stream, injected: call.injected },
      habits,
    });
    const { report } = call;
    report.dropped = dropped;
    const response = await send(call, text);
    const secrets = secretsOf(config, call.key);
    const ids = { now: deps.now, randomHex: deps.randomHex };
    if (call.request.stream) {
      const pieces = await piecesOf(call, response);
      const options = { names, ids, report, secrets, maxEventChars: config.maxAnswerBytes };
      const value = decodeStream(pieces, options);
      return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType: 'text/event-stream' };
    }
    const wire = readAnswer(await response.text(), secrets);
    noteAnswer(call, wire);
    return { type: 'chat', answer: { lane: 'neutral', value: decodeAnswer(wire, { names, ids }) } };
  };

  const chat: Chat = (call) => {
    switch (call.request.dialect) {
      case 'openai-chat':
        return call.request.isNeutral === true ? translateChat(call) : passChat(call);
      case 'openai-responses':
        // Vendors without Responses are spoken to like those of any other dialect.
        return config.quirks.has.includes('responses') ? responsesChat(call) : translateChat(call);
      default:
        return translateChat(call);
    }
  };

  return {
    ...{ id: config.id, config, chat, countTokens: undefined, pass: createPass(deps, config) },
    embed: config.quirks.has.includes('embeddings') ? createEmbed(deps, config) : undefined,
    listModels: config.quirks.has.includes('models') ? createListModels(deps, config) : undefined,
  };
};

/** A whole answer, parsed. Throws ProviderFailure where it is none. */
function readAnswer(text: string, secrets: readonly string[]): { readonly [member: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (!isObject(value)) throw new ProviderFailure('malformed', 'the answer is no object');
  if (value.error !== undefined && value.error !== null && !Array.isArray(value.choices))
    throw failureIn(value.error, secrets);
  if (!Array.isArray(value.choices)) throw new ProviderFailure('malformed', 'the answer has no choices');
  return value;
}

function noteAnswer({ report }: ChatCall, wire: { readonly [member: string]: unknown }): void {
  const usage = usageIn(wire);
  if (usage !== undefined) report.usage = usage;
  for (const choice of Array.isArray(wire.choices) ? wire.choices : []) {
    if (!isObject(choice)) continue;
    if (choice.finish_reason !== undefined) report.stop = readStop(choice.finish_reason);
    const message = isObject(choice.message) ? choice.message : {};
    for (const text of [message.content, message.reasoning_content, message.reasoning, message.refusal])
      if (typeof text === 'string') report.outputChars += text.length;
    if (Array.isArray(message.tool_calls)) report.outputChars += JSON.stringify(message.tool_calls).length;
  }
}
