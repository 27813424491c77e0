/** `ai` (AI SDK) with the provider packages for each wire. */

import { createAnthropic as createAnthropicProvider } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import {
  type EmbeddingModel,
  embedMany,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  stepCountIs,
  streamText,
  type ToolSet,
  tool,
} from 'ai';
import {
  type Ask,
  type Connection,
  type CreateClient,
  failureOf,
  PERSON,
  type SdkClient,
  WEATHER,
  weatherIn,
} from '../program.ts';

interface Wire {
  readonly name: string;
  model(id: string): LanguageModel;
  readonly embedding: ((id: string) => EmbeddingModel) | undefined;
}

const inputSchema = jsonSchema<{ city: string }>(WEATHER.parameters);
const SUGGESTED: ToolSet = { get_weather: tool({ description: WEATHER.description, inputSchema }) };
const EXECUTED: ToolSet = {
  get_weather: tool({ description: WEATHER.description, inputSchema, execute: async (input) => weatherIn(input) }),
};

function messagesOf({ prompt, image }: Ask): ModelMessage[] {
  const media =
    image === undefined ? [] : [{ type: 'file' as const, data: Buffer.from(image, 'base64'), mediaType: 'image/png' }];
  return [{ role: 'user', content: [{ type: 'text', text: prompt }, ...media] }];
}

function createAi({ name, model, embedding }: Wire): SdkClient {
  const requestOf = (ask: Ask) => ({
    model: model(ask.model),
    messages: messagesOf(ask),
    maxRetries: 0,
    ...(ask.system !== undefined && { system: ask.system }),
    ...(ask.withTool === true && { tools: SUGGESTED }),
  });
  const usageOf = ({
    inputTokens,
    outputTokens,
  }: {
    inputTokens?: number | undefined;
    outputTokens?: number | undefined;
  }) => (inputTokens === undefined ? undefined : { input: inputTokens, output: outputTokens ?? 0 });
  return {
    name,
    async chat(ask) {
      const { text, toolCalls, usage } = await generateText(requestOf(ask));
      const calls = toolCalls.map(({ toolName, input }) => ({ name: toolName, arguments: input as unknown }));
      return { text, calls, usage: usageOf(usage), pieces: 1 };
    },
    async stream(ask) {
      const result = streamText({ ...requestOf(ask), onError: () => {} });
      let text = '';
      let pieces = 0;
      for await (const piece of result.textStream) {
        text += piece;
        pieces++;
      }
      const calls = (await result.toolCalls).map(({ toolName, input }) => ({
        name: toolName,
        arguments: input as unknown,
      }));
      return { text, calls, usage: usageOf(await result.usage), pieces };
    },
    async useTool(ask) {
      return (await generateText({ ...requestOf(ask), tools: EXECUTED, stopWhen: stepCountIs(2) })).text;
    },
    async structured(ask) {
      return (await generateText({ ...requestOf(ask), output: Output.object({ schema: jsonSchema<object>(PERSON) }) }))
        .output;
    },
    embed:
      embedding &&
      (async (id, texts) => (await embedMany({ model: embedding(id), values: [...texts], maxRetries: 0 })).embeddings),
    failure: (ask) => failureOf(() => generateText(requestOf(ask))),
    async abort(ask) {
      const controller = new AbortController();
      const result = streamText({ ...requestOf(ask), abortSignal: controller.signal, onError: () => {} });
      for await (const piece of result.textStream) if (piece !== '') controller.abort();
    },
  };
}

export const createAiOpenaiChat: CreateClient = ({ url, key }: Connection) => {
  const wire = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
  return createAi({ name: 'ai (openai chat)', model: (id) => wire.chat(id), embedding: (id) => wire.embedding(id) });
};

export const createAiOpenaiResponses: CreateClient = ({ url, key }: Connection) => {
  const wire = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
  return createAi({ name: 'ai (openai responses)', model: (id) => wire.responses(id), embedding: undefined });
};

export const createAiAnthropic: CreateClient = ({ url, key }: Connection) => {
  const wire = createAnthropicProvider({ baseURL: `${url}/v1`, apiKey: key });
  return createAi({ name: 'ai (anthropic)', model: (id) => wire(id), embedding: undefined });
};

export const createAiGoogle: CreateClient = ({ url, key }: Connection) => {
  const wire = createGoogle({ baseURL: `${url}/v1beta`, apiKey: key });
  return createAi({ name: 'ai (google)', model: (id) => wire(id), embedding: (id) => wire.embedding(id) });
};
