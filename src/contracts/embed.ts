/** Neutral embeddings: texts to vectors. As with chat, it travels only where client and provider speak different dialects. */

import type { Extra } from './chat.ts';

export type EmbedDialect = 'openai' | 'gemini' | 'cohere' | 'bedrock';

export interface EmbedRequest extends Extra {
  readonly dialect: EmbedDialect;
  /** Texts, or lists of token numbers. */
  readonly inputs: readonly (string | readonly number[])[];
  /** The client sent one text, not a list of them: for codecs whose dialect tells them apart. */
  readonly single: boolean;
  readonly dimensions?: number | undefined;
  /** How the client wants its vectors written. Default `float`. */
  readonly encoding?: 'float' | 'base64' | undefined;
  /** What the vectors are for, in Gemini's words (`RETRIEVAL_QUERY`, …). */
  readonly taskType?: string | undefined;
  readonly title?: string | undefined;
  readonly user?: string | undefined;
}

export interface EmbedAnswer extends Extra {
  /** The model as the provider names it. */
  readonly model: string;
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  /** Undefined: the provider does not tell. */
  readonly inputTokens: number | undefined;
}
