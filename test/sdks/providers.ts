/** The kinds of provider the SDKs are run against, each a pretended one on its vendor's wire. */

import { startAnthropicMock } from '../support/providers/anthropic.ts';
import { MOCK_AWS, startBedrockMock } from '../support/providers/bedrock.ts';
import { MOCK_COHERE_KEY, startCohereMock } from '../support/providers/cohere.ts';
import { GEMINI_KEY, startGeminiMock, VERTEX_PROJECT } from '../support/providers/gemini.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createOpenaiOther } from '../support/providers/openai-other.ts';
import { answerResponses } from '../support/providers/openai-responses.ts';

export interface StartedProvider {
  /** Its entry under `providers`. */
  readonly config: object;
  readonly mock: MockProvider | undefined;
}

export interface ProviderKind {
  readonly id: string;
  readonly model: string;
  readonly embeddingModel: string | undefined;
  start(): Promise<StartedProvider>;
}

/** A failure is to be seen as it is: by nobody else asked, nor a second time. */
const ONCE = { maxRetries: 0, circuitBreaker: { failures: 1_000 } };

const startWholeOpenAi = () => startOpenAiMock({ hooks: [answerResponses, createOpenaiOther()] });

export const PROVIDERS: readonly ProviderKind[] = [
  {
    ...{ id: 'fake', model: 'echo', embeddingModel: 'embed' },
    start: async () => ({ config: ONCE, mock: undefined }),
  },
  {
    ...{ id: 'openai', model: 'gpt-5.2', embeddingModel: 'text-embedding-3-small' },
    async start() {
      const mock = await startWholeOpenAi();
      return { mock, config: { ...ONCE, baseUrl: `${mock.origin}/v1`, apiKey: 'sk-mock-0123456789' } };
    },
  },
  {
    // A compatible vendor with chat alone.
    ...{ id: 'deepseek', model: 'deepseek-chat', embeddingModel: undefined },
    async start() {
      const mock = await startOpenAiMock();
      return { mock, config: { ...ONCE, baseUrl: `${mock.origin}/v1`, apiKey: 'sk-mock-0123456789' } };
    },
  },
  {
    ...{ id: 'azure', model: 'gpt-5.2', embeddingModel: 'text-embedding-3-small' },
    async start() {
      const mock = await startWholeOpenAi();
      return { mock, config: { ...ONCE, baseUrl: mock.origin, apiKey: 'azure-mock-0123456789' } };
    },
  },
  {
    ...{ id: 'anthropic', model: 'claude-sonnet-4-6', embeddingModel: undefined },
    async start() {
      const mock = await startAnthropicMock();
      return { mock, config: { ...ONCE, baseUrl: mock.origin, apiKey: 'sk-ant-mock-0123456789' } };
    },
  },
  {
    ...{ id: 'gemini', model: 'gemini-2.5-flash', embeddingModel: 'gemini-embedding-001' },
    async start() {
      const mock = await startGeminiMock();
      return { mock, config: { ...ONCE, baseUrl: mock.origin, apiKey: GEMINI_KEY } };
    },
  },
  {
    ...{ id: 'vertex', model: 'gemini-2.5-flash', embeddingModel: 'gemini-embedding-001' },
    async start() {
      const mock = await startGeminiMock();
      const { serviceAccount } = mock;
      return { mock, config: { ...ONCE, baseUrl: mock.origin, project: VERTEX_PROJECT, serviceAccount } };
    },
  },
  {
    ...{ id: 'bedrock', model: 'anthropic.claude-sonnet-4-6', embeddingModel: 'amazon.titan-embed-text-v2:0' },
    async start() {
      const mock = await startBedrockMock();
      return { mock, config: { ...ONCE, ...MOCK_AWS, baseUrl: mock.origin } };
    },
  },
  {
    ...{ id: 'cohere', model: 'command-a-03-2025', embeddingModel: 'embed-v4.0' },
    async start() {
      const mock = await startCohereMock();
      return { mock, config: { ...ONCE, baseUrl: mock.origin, apiKey: MOCK_COHERE_KEY } };
    },
  },
];
