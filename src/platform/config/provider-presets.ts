/** Vendors of models that are known by name: one row each, and nothing but a row where only URL and habits differ. */

import type { ProviderQuirks, ProviderType } from '../../contracts/models-config.ts';

export interface ProviderPreset {
  readonly type: ProviderType;
  /** Undefined: it has to be written. */
  readonly baseUrl: string | undefined;
  /** It wants no key. */
  readonly keyless?: true;
  readonly quirks?: Partial<ProviderQuirks>;
}

/** Those who have not followed OpenAI in renaming it, or take both names. */
const MAX_TOKENS = { max_completion_tokens: 'max_tokens' };

const openai = (baseUrl: string, quirks: Partial<ProviderQuirks> = {}): ProviderPreset => ({
  type: 'openai',
  baseUrl,
  quirks: { has: ['embeddings', 'models'], ...quirks },
});

/** What runs on one's own machine, without a key. */
const local = (port: number, takes: readonly string[] = []): ProviderPreset => ({
  ...openai(`http://127.0.0.1:${port}/v1`, { renames: MAX_TOKENS, takes }),
  keyless: true,
});

export const PROVIDER_PRESETS: { readonly [name: string]: ProviderPreset } = {
  openai: openai('https://api.openai.com/v1', {
    has: ['responses', 'embeddings', 'models', 'audio', 'images', 'moderations', 'files'],
  }),
  azure: {
    type: 'azure',
    baseUrl: undefined,
    quirks: { has: ['responses', 'embeddings', 'models', 'audio', 'images', 'files'] },
  },
  anthropic: { type: 'anthropic', baseUrl: 'https://api.anthropic.com' },
  gemini: { type: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com' },
  vertex: { type: 'vertex', baseUrl: undefined, keyless: true },
  bedrock: { type: 'bedrock', baseUrl: undefined, keyless: true },
  cohere: { type: 'cohere', baseUrl: 'https://api.cohere.com' },
  // Refuses what it does not know; streams tell usage without being asked.
  mistral: openai('https://api.mistral.ai/v1', {
    has: ['embeddings', 'models', 'audio', 'moderations', 'files'],
    streamUsage: false,
    renames: { ...MAX_TOKENS, seed: 'random_seed' },
    refuses: [
      ...['stream_options', 'logit_bias', 'logprobs', 'top_logprobs', 'user', 'store', 'service_tier', 'verbosity'],
      ...['safety_identifier', 'prompt_cache_key', 'prompt_cache_retention', 'modalities', 'web_search_options'],
    ],
  }),
  groq: openai('https://api.groq.com/openai/v1', {
    has: ['responses', 'models', 'audio'],
    refuses: ['logprobs', 'top_logprobs', 'logit_bias', 'store', 'verbosity', 'prompt_cache_key'],
  }),
  cerebras: openai('https://api.cerebras.ai/v1', {
    has: ['models'],
    refuses: [
      ...['frequency_penalty', 'presence_penalty', 'logit_bias', 'service_tier', 'store', 'verbosity'],
      ...['prompt_cache_key', 'prompt_cache_retention'],
    ],
  }),
  xai: openai('https://api.x.ai/v1', { has: ['responses', 'models', 'images'] }),
  deepseek: openai('https://api.deepseek.com/v1', {
    ...{ has: ['models'], renames: MAX_TOKENS, takes: ['reasoning_content'] },
  }),
  // Tells usage in every chunk.
  perplexity: openai('https://api.perplexity.ai', {
    ...{ has: [], streamUsage: false, refuses: ['stream_options'], renames: MAX_TOKENS, takes: ['top_k'] },
  }),
  openrouter: openai('https://openrouter.ai/api/v1', {
    has: ['responses', 'embeddings', 'models'],
    takes: ['top_k', 'reasoning', 'verbosity', 'xhigh'],
  }),
  together: openai('https://api.together.xyz/v1', {
    ...{ has: ['embeddings', 'models', 'images', 'audio', 'rerank'], renames: MAX_TOKENS, takes: ['top_k'] },
  }),
  fireworks: openai('https://api.fireworks.ai/inference/v1', {
    has: ['responses', 'embeddings', 'models', 'rerank'],
    ...{ renames: MAX_TOKENS, takes: ['top_k', 'reasoning_content'] },
  }),
  nvidia: openai('https://integrate.api.nvidia.com/v1', { renames: MAX_TOKENS }),
  huggingface: openai('https://router.huggingface.co/v1', { has: ['responses', 'models'], renames: MAX_TOKENS }),
  nebius: openai('https://api.studio.nebius.com/v1', { renames: MAX_TOKENS, takes: ['top_k'] }),
  sambanova: openai('https://api.sambanova.ai/v1', { renames: MAX_TOKENS, takes: ['top_k'] }),
  deepinfra: openai('https://api.deepinfra.com/v1/openai', { renames: MAX_TOKENS }),
  moonshot: openai('https://api.moonshot.ai/v1', {
    ...{ has: ['models'], renames: MAX_TOKENS, takes: ['reasoning_content'] },
  }),
  dashscope: openai('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', {
    ...{ renames: MAX_TOKENS, takes: ['top_k'] },
  }),
  ollama: local(11_434),
  vllm: local(8_000, ['top_k', 'reasoning_content']),
  lmstudio: local(1_234, ['top_k']),
  sglang: local(30_000, ['top_k', 'reasoning_content']),
  fake: { type: 'fake', baseUrl: 'fake:', keyless: true },
};
