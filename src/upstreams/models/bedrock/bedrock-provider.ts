/** Amazon Bedrock: Converse and ConverseStream for chat, InvokeModel for embeddings, CountTokens, the list of models. */

import type { ChatModelRequest, ModelProvider, ProviderCall } from '../../../contracts/models.ts';
import { secretsOf } from '../failed-answer.ts';
import { openNeutralStream } from '../neutral-stream.ts';
import { pathSegment } from '../path-segment.ts';
import type { CreateProvider } from '../provider-codec.ts';
import { type AnswerHead, decodeConverse, readObject } from './decode-answer.ts';
import { createConverseDecoder } from './decode-stream.ts';
import { createEmbed } from './embed.ts';
import { type EncodedConverse, encodeConverse } from './encode-request.ts';
import { createListModels } from './list-models.ts';
import { createSendBedrock } from './send-bedrock.ts';

/** Frames are at most 16 MiB and a little (AWS, event stream encoding). */
const MAX_FRAME_BYTES = 25_165_824;
const REQUEST_ID_DIGITS = 24;

export const createBedrockProvider: CreateProvider = (deps, config): ModelProvider => {
  const send = createSendBedrock(deps, config);

  const post = async (call: ProviderCall, operation: string, body: string, accept = 'application/json') =>
    send({
      method: 'POST',
      url: `${config.baseUrl}/model/${pathSegment(call.model)}/${operation}`,
      ...{ body, accept, key: call.key, traceparent: call.traceparent },
      bounds: call,
    });

  const encode = (call: ProviderCall<ChatModelRequest>): EncodedConverse => {
    const encoded = encodeConverse(call.request.chat(), call.model, call.injected);
    call.report.dropped = encoded.dropped;
    return encoded;
  };

  const headOf = (requestId: unknown, model: string): AnswerHead => ({
    id: typeof requestId === 'string' ? requestId : `msg_${deps.randomHex(REQUEST_ID_DIGITS)}`,
    model,
    createdAtS: Math.floor(deps.now() / 1_000),
  });

  return {
    id: config.id,
    config,
    async chat(call) {
      const { body, names } = encode(call);
      const { report } = call;
      if (!call.request.stream) {
        const response = await post(call, 'converse', body);
        const head = headOf(response.headers['x-amzn-requestid'], call.model);
        const value = decodeConverse(await response.text(), head, names);
        report.stop = value.choices[0]?.stop ?? 'other';
        if (value.usage !== undefined) report.usage = value.usage;
        for (const part of value.choices[0]?.parts ?? [])
          if ('text' in part) report.outputChars += part.text.length;
          else if (part.type === 'tool-call') report.outputChars += part.arguments.length;
        return { type: 'chat', answer: { lane: 'neutral', value } };
      }
      const response = await post(call, 'converse-stream', body, 'application/vnd.amazon.eventstream');
      const secrets = secretsOf(config, call.key);
      const decoder = createConverseDecoder({
        head: headOf(response.headers['x-amzn-requestid'], call.model),
        names,
        maxFrameBytes: Math.min(MAX_FRAME_BYTES, config.maxAnswerBytes),
        clean: (words) => secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), words),
      });
      const value = await openNeutralStream(response, decoder, report);
      return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType: 'text/event-stream' };
    },
    embed: createEmbed(post),
    async countTokens(call) {
      const { counted } = encode(call);
      const response = await post(call, 'count-tokens', `{"input":{"converse":${counted}}}`);
      const { inputTokens } = readObject(await response.text());
      return {
        type: 'token-count',
        answer: { lane: 'neutral', value: { inputTokens: typeof inputTokens === 'number' ? inputTokens : 0 } },
      };
    },
    pass: undefined,
    listModels: createListModels(send, config.baseUrl),
  };
};
