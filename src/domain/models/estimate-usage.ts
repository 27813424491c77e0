/** How many tokens a call took, where nobody told: a guess from the characters that went and came. */

import type { ChatRequest, Usage } from '../../contracts/chat.ts';
import type { EmbedRequest } from '../../contracts/embed.ts';
import { checkUsage } from './check-usage.ts';

/** English prose has about four characters to a token; code, numbers and most other languages have fewer. */
const CHARS_PER_TOKEN = 4;
/** An image, a sound, a document: providers count them each in its own way. */
const TOKENS_PER_MEDIUM = 1_000;

export const tokensOfChars = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN);

/** Tokens of a body that is not read: of its bytes as of characters. */
export function tokensOfBody({ proseBytes, media }: { readonly proseBytes: number; readonly media: number }): number {
  return tokensOfChars(proseBytes) + media * TOKENS_PER_MEDIUM;
}

/** Tokens of a prompt: its texts, tool calls, results and the definitions of its tools. */
export function estimateChatInput({ messages, tools }: ChatRequest): number {
  let chars = 0;
  let media = 0;
  for (const message of messages)
    for (const part of message.parts)
      switch (part.type) {
        case 'text':
        case 'reasoning':
        case 'refusal':
          chars += part.text.length;
          break;
        case 'tool-call':
          chars += part.name.length + part.arguments.length;
          break;
        case 'foreign':
          chars += JSON.stringify(part.value).length;
          break;
        default:
          media++;
      }
  for (const tool of tools) chars += JSON.stringify(tool).length;
  return tokensOfChars(chars) + media * TOKENS_PER_MEDIUM;
}

export function estimateEmbedInput({ inputs }: EmbedRequest): number {
  return inputs.reduce(
    (sum, input) => sum + (typeof input === 'string' ? tokensOfChars(input.length) : input.length),
    0,
  );
}

/**
 * What is recorded of an answer of which `outputChars` characters came. What the provider told counts; of an answer that
 * broke off it told too little, so there the larger count of output does. `inputTokens` is asked only if it did not tell.
 */
export function completeUsage(
  told: Usage | undefined,
  came: { readonly outputChars: number; readonly whole: boolean },
  inputTokens: () => number,
): Usage {
  const outputTokens = tokensOfChars(came.outputChars);
  const counts = told && checkUsage(told);
  if (counts === undefined) return { inputTokens: inputTokens(), outputTokens, estimated: true };
  if (came.whole || counts.outputTokens >= outputTokens) return counts;
  return { ...counts, outputTokens, estimated: true };
}
