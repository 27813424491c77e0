/** `langchain` with its packages for each wire. */

import { ChatAnthropic } from '@langchain/anthropic';
import type { Embeddings } from '@langchain/core/embeddings';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessageChunk, type BaseMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings } from '@langchain/google-genai';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
import {
  type Ask,
  type CreateClient,
  failureOf,
  PERSON,
  type SdkClient,
  type Told,
  WEATHER,
  weatherIn,
} from '../program.ts';

interface Wire {
  readonly name: string;
  model(id: string): BaseChatModel;
  readonly embeddings: ((id: string) => Embeddings) | undefined;
  readonly quirks?: Partial<Pick<SdkClient, 'abort' | 'misreadsStreamedUsage' | 'modelPrefix'>>;
}

const tools = [{ type: 'function' as const, function: WEATHER }];
const executed = tool((input) => weatherIn(input), {
  name: WEATHER.name,
  description: WEATHER.description,
  schema: WEATHER.parameters,
});

function messagesOf({ prompt, system, image }: Ask): BaseMessage[] {
  const media =
    image === undefined ? [] : [{ type: 'image_url' as const, image_url: { url: `data:image/png;base64,${image}` } }];
  const user = new HumanMessage({ content: [{ type: 'text', text: prompt }, ...media] });
  return system === undefined ? [user] : [new SystemMessage(system), user];
}

function tell(message: AIMessageChunk | BaseMessage, pieces: number): Told {
  const { tool_calls: calls = [], usage_metadata } = message as AIMessageChunk;
  const usage = usage_metadata as { readonly input_tokens: number; readonly output_tokens: number } | undefined;
  return {
    text: message.text,
    calls: calls.map(({ name, args }) => ({ name, arguments: args })),
    usage: usage && { input: usage.input_tokens, output: usage.output_tokens },
    pieces,
  };
}

function createLangchain({ name, model, embeddings, quirks }: Wire): SdkClient {
  const boundTo = ({ model: id, withTool }: Ask) => {
    const plain = model(id);
    if (withTool !== true) return plain;
    if (plain.bindTools === undefined) throw new Error('takes no tools');
    return plain.bindTools(tools);
  };
  return {
    name,
    chat: async (ask) => tell(await boundTo(ask).invoke(messagesOf(ask)), 1),
    async stream(ask) {
      let whole: AIMessageChunk | undefined;
      let pieces = 0;
      for await (const chunk of await boundTo(ask).stream(messagesOf(ask))) {
        if (chunk.text !== '') pieces++;
        whole = whole === undefined ? (chunk as AIMessageChunk) : whole.concat(chunk as AIMessageChunk);
      }
      return tell(whole ?? new AIMessageChunk(''), pieces);
    },
    async useTool(ask) {
      const agent = createAgent({ model: model(ask.model), tools: [executed] });
      const { messages } = await agent.invoke({ messages: messagesOf(ask) });
      // Pretended providers give every answer one id, by which the agent takes a later one for a correction of an earlier one.
      return messages.findLast((message) => message.type === 'ai')?.text ?? '';
    },
    structured: (ask) =>
      model(ask.model).withStructuredOutput(PERSON, { name: 'person', method: 'jsonSchema' }).invoke(messagesOf(ask)),
    embed: embeddings && ((id, texts) => embeddings(id).embedDocuments([...texts])),
    failure: (ask) => failureOf(() => boundTo(ask).invoke(messagesOf(ask))),
    async abort(ask) {
      const controller = new AbortController();
      try {
        for await (const chunk of await boundTo(ask).stream(messagesOf(ask), { signal: controller.signal }))
          if (chunk.text !== '') controller.abort();
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      }
    },
    ...quirks,
  };
}

export const createLangchainOpenai: CreateClient = ({ url, key }) => {
  const configuration = { baseURL: `${url}/v1` };
  return createLangchain({
    name: 'langchain (openai)',
    model: (id) => new ChatOpenAI({ model: id, apiKey: key, configuration, maxRetries: 0, streamUsage: true }),
    embeddings: (id) => new OpenAIEmbeddings({ model: id, apiKey: key, configuration, maxRetries: 0 }),
  });
};

export const createLangchainOpenaiResponses: CreateClient = ({ url, key }) => {
  const configuration = { baseURL: `${url}/v1` };
  return createLangchain({
    name: 'langchain (openai responses)',
    model: (id) => new ChatOpenAI({ model: id, apiKey: key, configuration, maxRetries: 0, useResponsesApi: true }),
    embeddings: undefined,
  });
};

export const createLangchainAnthropic: CreateClient = ({ url, key }) =>
  createLangchain({
    name: 'langchain (anthropic)',
    model: (id) => new ChatAnthropic({ model: id, apiKey: key, anthropicApiUrl: url, maxRetries: 0 }),
    embeddings: undefined,
    // It adds the output of message_start to the one of message_delta, which is all of it.
    quirks: { misreadsStreamedUsage: true },
  });

export const createLangchainGoogle: CreateClient = ({ url, key }) =>
  createLangchain({
    name: 'langchain (google)',
    model: (id) => new ChatGoogleGenerativeAI({ model: id, apiKey: key, baseUrl: url, maxRetries: 0 }),
    embeddings: (id) => new GoogleGenerativeAIEmbeddings({ model: id, apiKey: key, baseUrl: url, maxRetries: 0 }),
    // Whoever aborts a stream of the package below it gets an unhandled rejection.
    quirks: { abort: undefined, modelPrefix: 'gemini-2-' },
  });
