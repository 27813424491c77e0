/** Tokens of what a model is sent, counted with o200k; each text once, since rounds repeat what was said before. */

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

export interface TokenCounter {
  /** Of a value as JSON. */
  of(value: unknown): number;
}

export function createTokenCounter(): TokenCounter {
  const known = new Map<string, number>();
  return {
    of(value) {
      const text = JSON.stringify(value) ?? '';
      let tokens = known.get(text);
      if (tokens === undefined) {
        tokens = countTokens(text);
        known.set(text, tokens);
      }
      return tokens;
    },
  };
}
