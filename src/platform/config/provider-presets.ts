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

const openai = (baseUrl: string, quirks: Partial<ProviderQuirks> = {}): ProviderPreset => ({
  type: 'openai',
  baseUrl,
  quirks: { has: ['embeddings', 'models'], ...quirks },
});

/** What runs on one's own machine, without a key. */
const local = (port: number): ProviderPreset => ({
  ...openai(`http://127.0.0.1:${port}/v1`),
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
  mistral: openai('https://api.mistral.ai/v1'),
  groq: openai('https://api.groq.com/openai/v1', { has: ['responses', 'embeddings', 'models', 'audio'] }),
  cerebras: openai('https://api.cerebras.ai/v1', { has: ['models'] }),
  xai: openai('https://api.x.ai/v1', { has: ['responses', 'models', 'images'] }),
  deepseek: openai('https://api.deepseek.com/v1', { has: ['models'] }),
  perplexity: openai('https://api.perplexity.ai', { has: [] }),
  openrouter: openai('https://openrouter.ai/api/v1', { has: ['responses', 'embeddings', 'models'] }),
  together: openai('https://api.together.xyz/v1', { has: ['embeddings', 'models', 'images', 'audio', 'rerank'] }),
  fireworks: openai('https://api.fireworks.ai/inference/v1', { has: ['responses', 'embeddings', 'models', 'rerank'] }),
  nvidia: openai('https://integrate.api.nvidia.com/v1'),
  huggingface: openai('https://router.huggingface.co/v1', { has: ['responses', 'models'] }),
  nebius: openai('https://api.studio.nebius.com/v1'),
  sambanova: openai('https://api.sambanova.ai/v1'),
  deepinfra: openai('https://api.deepinfra.com/v1/openai'),
  moonshot: openai('https://api.moonshot.ai/v1', { has: ['models'] }),
  dashscope: openai('https://dashscope-intl.aliyuncs.com/compatible-mode/v1'),
  ollama: local(11_434),
  vllm: local(8_000),
  lmstudio: local(1_234),
  sglang: local(30_000),
  fake: { type: 'fake', baseUrl: 'fake:', keyless: true },
};
