/** Cohere: v2 chat, embeddings, rerank as it is, and the list of models. */

import {
  type ChatModelRequest,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import { openNeutralStream } from '../neutral-stream.ts';
import type { CreateProvider } from '../provider-codec.ts';
import { decodeAnswer } from './decode-answer.ts';
import { createCohereDecoder } from './decode-stream.ts';
import { createEmbed } from './embed.ts';
import { encodeChat } from './encode-request.ts';
import { createListModels } from './list-models.ts';
import { createRerank } from './rerank.ts';
import { createSendCohere } from './send-cohere.ts';

const MAX_EVENT_CHARS = 16_777_216;
const ID_DIGITS = 24;

export const createCohereProvider: CreateProvider = (deps, config): ModelProvider => {
  const send = createSendCohere(deps.http, config);

  const chat = async (call: ProviderCall<ChatModelRequest>) => {
    const { report, model } = call;
    const { body, names, dropped } = encodeChat(call.request.chat(), model, call.injected);
    report.dropped = dropped;
    const { stream } = call.request;
    const accept = stream ? 'text/event-stream' : 'application/json';
    const response = await send({ ...call, method: 'POST', path: 'v2/chat', body, accept, bounds: call });
    const head = { id: `msg_${deps.randomHex(ID_DIGITS)}`, model, createdAtS: Math.floor(deps.now() / 1_000) };
    if (stream) {
      const decoder = createCohereDecoder(head, names, Math.min(MAX_EVENT_CHARS, config.maxAnswerBytes));
      const value = await openNeutralStream(response, decoder, report);
      return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType: 'text/event-stream' } as const;
    }
    const value = decodeAnswer(await response.text(), head, names);
    const [choice] = value.choices;
    if (choice === undefined) throw new ProviderFailure('malformed', 'an answer without a choice');
    report.stop = choice.stop;
    if (value.usage !== undefined) report.usage = value.usage;
    for (const part of choice.parts)
      if (part.type === 'tool-call') report.outputChars += part.arguments.length;
      else if ('text' in part) report.outputChars += part.text.length;
    return { type: 'chat', answer: { lane: 'neutral', value } } as const;
  };

  return {
    id: config.id,
    config,
    chat,
    embed: createEmbed(send),
    countTokens: undefined,
    pass: createRerank(send),
    listModels: createListModels(send),
  };
};
