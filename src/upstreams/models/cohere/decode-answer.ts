/** From Cohere's answer to the neutral one. */

import type { AssistantPart, ChatAnswer, StopReason, Usage } from '../../../contracts/chat.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ToolNames } from '../tool-names.ts';

export interface AnswerHead {
  readonly id: string;
  readonly model: string;
  readonly createdAtS: number;
}

type Body = { readonly [name: string]: unknown };

/** Throws ProviderFailure `malformed`. */
export function readObject(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (!isObject(value)) throw new ProviderFailure('malformed', 'the answer is no JSON object');
  return value;
}

export function objectsOf(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Throws ProviderFailure for anything but a whole answer. Thoughts, the plan, the text, the calls: in this order. */
export function decodeAnswer(text: string, head: AnswerHead, names: ToolNames): ChatAnswer {
  const body = readObject(text);
  const { message, finish_reason: reason } = body;
  if (!isObject(message)) throw new ProviderFailure('malformed', 'an answer of Cohere without a message');
  const content = objectsOf(message.content);
  const thoughts = content.flatMap(({ thinking }): AssistantPart[] =>
    typeof thinking === 'string' ? [{ type: 'reasoning', text: thinking }] : [],
  );
  const plan = typeof message.tool_plan === 'string' && message.tool_plan !== '' ? [message.tool_plan] : [];
  const texts = content.flatMap(({ text: said }) => (typeof said === 'string' ? [said] : []));
  const calls = objectsOf(message.tool_calls).map((call) => decodeCall(call, names));
  const parts = [...thoughts, ...[...plan, ...texts].map((each) => ({ type: 'text', text: each }) as const), ...calls];
  const { citations } = message;
  const extra = Array.isArray(citations) && citations.length > 0 ? { extra: { citations } } : {};
  const id = typeof body.id === 'string' ? body.id : head.id;
  return { ...head, id, choices: [{ parts, stop: stopOf(reason), ...extra }], usage: usageOf(body.usage) };
}

export function decodeCall(
  { id, function: called }: Body,
  names: ToolNames,
): Extract<AssistantPart, { type: 'tool-call' }> {
  const { name: wireName, arguments: written } = isObject(called) ? called : {};
  if (typeof wireName !== 'string') throw new ProviderFailure('malformed', 'a call of a tool without its name');
  const { name, namespace } = names.fromWire(wireName);
  return {
    ...{ type: 'tool-call', id: typeof id === 'string' ? id : '', name },
    ...(namespace === undefined ? {} : { namespace }),
    arguments: typeof written === 'string' ? written : '',
  };
}

/** Throws ProviderFailure for answers that were given up. */
export function stopOf(reason: unknown): StopReason {
  switch (reason) {
    case 'COMPLETE':
      return 'end';
    case 'STOP_SEQUENCE':
      return 'stop-sequence';
    case 'MAX_TOKENS':
      return 'max-tokens';
    case 'TOOL_CALL':
      return 'tool-calls';
    case 'ERROR_TOXIC':
      return 'content-filter';
    case 'ERROR':
      throw new ProviderFailure('server-error', 'the answer was given up: ERROR');
    case 'TIMEOUT':
      throw new ProviderFailure('timeout', 'the answer was given up: TIMEOUT');
    default:
      return 'other';
  }
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);

/** Billed units before tokens: the latter hold Cohere's own words around the prompt, which nobody pays. */
export function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const billed = isObject(usage.billed_units) ? usage.billed_units : {};
  const tokens = isObject(usage.tokens) ? usage.tokens : {};
  const inputTokens = count(billed.input_tokens) ?? count(tokens.input_tokens);
  const outputTokens = count(billed.output_tokens) ?? count(tokens.output_tokens);
  const searches = count(billed.search_units);
  if (inputTokens === undefined && outputTokens === undefined && searches === undefined) return undefined;
  const cached = count(usage.cached_tokens);
  return {
    ...{ inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 },
    // Counted among all tokens, so possibly more than are paid.
    ...(cached === undefined ? {} : { cachedTokens: Math.min(cached, inputTokens ?? 0) }),
    ...(searches === undefined ? {} : { searches }),
  };
}
