/** How a run ended that did not end well, in the words of the port. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { SandboxLimits, ScriptError } from '../../../contracts/sandbox.ts';
import type { RaisedException } from './events.ts';

const SECONDS = 1_000;
/** Of a traceback, from either end. */
const MAX_FRAMES = 5;

export const failure = (kind: ScriptError['kind'], exception: string, message: string): ScriptError => ({
  ...{ kind, exception, message, line: undefined, traceback: undefined },
});

export function limitReached(limit: keyof SandboxLimits, limits: SandboxLimits): ScriptError {
  const bound = limits[limit];
  const told: { readonly [name in keyof SandboxLimits]?: readonly [string, string] } = {
    maxSourceBytes: ['ValueError', `the script is longer than ${bound} bytes`],
    maxInterpreterMs: ['TimeoutError', `the script used more than ${bound / SECONDS} s of computing time`],
    maxWallMs: ['TimeoutError', `the script took more than ${bound / SECONDS} s with all its calls`],
    maxPrintBytes: ['RuntimeError', `the script printed more than ${bound} bytes`],
    maxValueBytes: ['ValueError', `the result is larger than ${bound} bytes`],
    maxMemoryBytes: ['MemoryError', `the script used more than ${bound} bytes of memory`],
  };
  const [exception, message] = told[limit] ?? ['RuntimeError', `${limit}: ${bound}`];
  return { ...failure('limit', exception, message), limit };
}

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

export function tooLarge({ maxDumpBytes }: SandboxLimits): GatewayError {
  return new GatewayError('sandbox_state_too_large', undefined, { data: { maxDumpBytes } });
}
