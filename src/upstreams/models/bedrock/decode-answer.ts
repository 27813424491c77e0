/** From what Converse answers to the neutral answer. */

import type { AssistantPart, ChatAnswer, StopReason, Usage } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { parseExactly } from '../../../lib/exact-numbers.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ToolNames } from '../tool-names.ts';

/** What the answer does not say of itself. */
export interface AnswerHead {
  readonly id: string;
  readonly model: string;
  readonly createdAtS: number;
}

/** Throws ProviderFailure `malformed` for anything but a whole answer. */
export function decodeConverse(text: string, head: AnswerHead, names: ToolNames): ChatAnswer {
  const body = readObject(text);
  const message = isObject(body.output) ? body.output.message : undefined;
  if (!isObject(message) || !Array.isArray(message.content))
    throw new ProviderFailure('malformed', 'an answer of Converse without a message');
  const parts = message.content.map((block: unknown) => decodeBlock(block, names));
  const stop = stopOf(body.stopReason);
  return { ...head, choices: [{ parts, stop, ...stopSequenceOf(body) }], usage: usageOf(body.usage) };
}

/** Throws ProviderFailure `malformed`. */
export function readObject(text: string): { readonly [name: string]: unknown } {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (!isObject(value)) throw new ProviderFailure('malformed', 'the answer is no JSON object');
  return value;
}

function decodeBlock(block: unknown, names: ToolNames): AssistantPart {
  if (!isObject(block)) throw new ProviderFailure('malformed', 'a content block that is no object');
  const { text, toolUse, reasoningContent, citationsContent } = block;
  if (typeof text === 'string') return { type: 'text', text };
  if (isObject(toolUse) && typeof toolUse.name === 'string') {
    const { name, namespace } = names.fromWire(toolUse.name);
    return {
      type: 'tool-call',
      id: typeof toolUse.toolUseId === 'string' ? toolUse.toolUseId : '',
      name,
      ...(namespace === undefined ? {} : { namespace }),
      arguments: JSON.stringify(toolUse.input ?? {}),
    };
  }
  if (isObject(reasoningContent)) {
    const { reasoningText, redactedContent } = reasoningContent;
    if (typeof redactedContent === 'string') return { type: 'reasoning', text: '', sealed: redactedContent };
    const { text: thought, signature } = isObject(reasoningText) ? reasoningText : {};
    return {
      ...{ type: 'reasoning', text: typeof thought === 'string' ? thought : '' },
      ...(typeof signature === 'string' ? { signature } : {}),
    };
  }
  if (isObject(citationsContent) && Array.isArray(citationsContent.content)) {
    const texts = citationsContent.content.map((each: unknown) => (isObject(each) ? each.text : undefined));
    const whole = texts.filter((each) => typeof each === 'string').join('');
    return { type: 'text', text: whole, extra: { citations: citationsContent.citations } };
  }
  return { type: 'foreign', dialect: 'bedrock', value: block };
}

export function stopOf(reason: unknown): StopReason {
  switch (reason) {
    case 'end_turn':
      return 'end';
    case 'tool_use':
      return 'tool-calls';
    case 'max_tokens':
      return 'max-tokens';
    case 'stop_sequence':
      return 'stop-sequence';
    case 'guardrail_intervened':
    case 'content_filtered':
      return 'content-filter';
    case 'model_context_window_exceeded':
      return 'context-full';
    default:
      return 'other';
  }
}

/** Told only where the request asked for it with `additionalModelResponseFieldPaths`. */
export function stopSequenceOf({ additionalModelResponseFields }: JsonObject): { readonly stopSequence?: string } {
  const sequence = isObject(additionalModelResponseFields) ? additionalModelResponseFields.stop_sequence : undefined;
  return typeof sequence === 'string' ? { stopSequence: sequence } : {};
}

const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);

/**
 * Claude's input is counted without what was read from or written to the cache, as its `totalTokens` shows; where these say
 * that the cached part is in it already, it is not added again.
 */
export function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage) || typeof usage.inputTokens !== 'number') return undefined;
  const { inputTokens: told, cacheReadInputTokens: read, cacheWriteInputTokens: written, cacheDetails } = usage;
  const outputTokens = count(usage.outputTokens);
  const kept = count(read) + count(written);
  const holdsKept = kept <= told && usage.totalTokens === told + outputTokens;
  const hour = (Array.isArray(cacheDetails) ? cacheDetails : []).find((each) => isObject(each) && each.ttl === '1h');
  return {
    ...{ inputTokens: holdsKept ? told : told + kept, outputTokens },
    ...(read === undefined ? {} : { cachedTokens: count(read) }),
    ...(written === undefined ? {} : { cacheWriteTokens: count(written) }),
    ...(isObject(hour) ? { cacheWrite1hTokens: count(hour.inputTokens) } : {}),
  };
}
