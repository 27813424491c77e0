/** What the script's world says of itself is taken apart here: it may have spoilt the prelude, and says what it likes. */

import type { SandboxLimits } from '../../../contracts/sandbox.ts';
import { isObject } from '../../../lib/is-object.ts';
import { TEXT_PER_DUMP } from './ledger.ts';
import type { RunState, SentCall, ThreadEvent } from './messages.ts';

const MAX_WORDS_CHARS = 4_000;

type Told = { readonly [name: string]: unknown };

/** Throws SyntaxError if it is no JSON. */
export function readEvent(text: string, calls: readonly SentCall[], limits: SandboxLimits): ThreadEvent {
  const given: unknown = JSON.parse(text);
  const told = isObject(given) ? given : {};
  switch (told.type) {
    case 'waits':
      return { type: 'waits', calls };
    case 'done': {
      const value = String(told.value);
      if (value.length > limits.maxValueBytes) return { type: 'limit', limit: 'maxValueBytes' };
      JSON.parse(value);
      return { type: 'done', value, state: stateOf(told, limits) };
    }
    case 'limit':
      return { type: 'limit', limit: 'maxValueBytes' };
    default: {
      const { exception, message, stack } = isObject(told.error) ? told.error : {};
      const error = { exception: textOf(exception), message: textOf(message), stack: textOf(stack) };
      if (error.exception === 'InternalError' && error.message === 'out of memory')
        return { type: 'limit', limit: 'maxMemoryBytes' };
      return { type: 'failed', error, state: stateOf(told, limits) };
    }
  }
}

const textOf = (value: unknown): string => String(value).slice(0, MAX_WORDS_CHARS);

function stateOf({ state }: Told, { maxDumpBytes }: SandboxLimits): RunState {
  const { variables, dropped } = isObject(state) ? state : {};
  if (typeof variables !== 'string' || typeof dropped !== 'string') return { isTooLarge: true };
  if (variables.length + dropped.length > 2 * TEXT_PER_DUMP * maxDumpBytes) return { isTooLarge: true };
  JSON.parse(variables);
  return { variables, dropped: (JSON.parse(dropped) as unknown[]).map(String) };
}
