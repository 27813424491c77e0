/** How a run ended that did not end well, in the words of the port. */

import type { SandboxLimits, ScriptError } from '../../../contracts/sandbox.ts';
import { failure, limitReached } from '../limit-errors.ts';
import type { RaisedException } from './events.ts';

/** Of a traceback, from either end. */
const MAX_FRAMES = 5;

/** `time.time()` in an endless loop. */
export const tooManyTurns = (most: number): ScriptError => ({
  ...failure('limit', 'RuntimeError', `the script asked its host more than ${most} times`),
  limit: 'maxCalls',
});

/** Running out of the address space ends the process itself. */
export function crashed(why: string, limits: SandboxLimits): ScriptError {
  if (/exit code 65\b/.test(why)) return limitReached('maxMemoryBytes', limits);
  return failure('crash', 'SystemError', `the sandbox ended while the script ran: ${why}`);
}

export function errorOf({ exception, message, frames }: RaisedException, limits: SandboxLimits): ScriptError {
  const last = frames.at(-1);
  const told =
    frames.length <= 2 * MAX_FRAMES ? frames : [...frames.slice(0, MAX_FRAMES), ...frames.slice(-MAX_FRAMES)];
  const traceback = told.map(({ line, name, source }) => `line ${line}, in ${name ?? '<module>'}: ${source.trim()}`);
  const at = { line: frames.find(({ name }) => name === undefined || name === '<module>')?.line ?? last?.line };
  const where = { ...at, traceback: traceback.length > 1 ? traceback.join('\n') : undefined };
  if (exception === 'TimeoutError' && /^time limit exceeded/.test(message))
    return { ...limitReached('maxInterpreterMs', limits), ...where };
  if (exception === 'MemoryError' && /limit/.test(message))
    return { ...limitReached('maxMemoryBytes', limits), ...where };
  const kind = exception === 'SyntaxError' ? 'syntax' : 'exception';
  return { kind, exception, message, ...where };
}
