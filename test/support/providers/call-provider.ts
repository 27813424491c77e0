/** Calls a provider as the pipeline would, without the pipeline: for tests of codecs against pretended providers. */

import type { ChatEvent, ChatRequest } from '../../../src/contracts/chat.ts';
import type { EmbedRequest } from '../../../src/contracts/embed.ts';
import type {
  ChatModelRequest,
  EmbedModelRequest,
  InjectedTool,
  InjectedTools,
  ModelReport,
  ModelRequest,
  ProviderCall,
} from '../../../src/contracts/models.ts';
import type { ProviderConfig, ProviderType } from '../../../src/contracts/models-config.ts';
import { Secret } from '../../../src/contracts/secret.ts';

export const providerConfig = (
  type: ProviderType,
  baseUrl: string,
  more: Partial<ProviderConfig> = {},
): ProviderConfig => ({
  ...{ id: type, type, enabled: true, preset: undefined, baseUrl, keys: [], headers: {}, cloud: undefined },
  ...{ apiVersion: undefined, models: [], quirks: { refuses: [], renames: {}, streamUsage: true, has: [] } },
  ...{ timeoutMs: 20_000, firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000, maxRetries: 0 },
  ...{ maxAnswerBytes: 67_108_864, circuitBreaker: { failures: 5, openMs: 1_000 } },
  ...more,
});

export const providerKey = (value: string): ProviderConfig['keys'][number] => ({
  ...{ name: 'key1', value: new Secret(value), weight: 1, models: ['*'] },
});

export function chatRequest(prompt: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    dialect: 'openai-chat',
    messages: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }],
    ...{ tools: [], stream: false },
    ...more,
  };
}

interface CallOptions {
  readonly model: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly injected?: InjectedTools | undefined;
}

export function providerCall<R extends ModelRequest>(
  request: R,
  { model, key, signal, injected }: CallOptions,
): ProviderCall<R> {
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  return {
    ...{ request, model, injected, report, traceparent: undefined, body: { text: '{}', value: {} } },
    key: key === undefined ? undefined : providerKey(key),
    signal: signal ?? new AbortController().signal,
    ...{ firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000 },
  };
}

const WISHES = { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false };
const EDGE = { wishes: WISHES, headers: new Map<string, string>() };

export const chatCall = (chat: ChatRequest, options: CallOptions): ProviderCall<ChatModelRequest> => {
  const { dialect, stream } = chat;
  return providerCall({ ...EDGE, operation: 'chat', dialect, stream, chat: () => chat }, options);
};

export const embedCall = (embed: EmbedRequest, options: CallOptions): ProviderCall<EmbedModelRequest> =>
  providerCall({ ...EDGE, operation: 'embed', dialect: embed.dialect, embed: () => embed }, options);

export const injectedTools = (tools: readonly InjectedTool[]): InjectedTools => ({
  tools,
  fragment: (_dialect, render) => render(tools),
});

export async function readEvents(stream: AsyncIterable<readonly ChatEvent[]>): Promise<readonly ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const some of stream) events.push(...some);
  return events;
}
