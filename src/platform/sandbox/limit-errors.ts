/** A limit of a run that was reached, in the words of the port: the same for every engine. */

import { GatewayError } from '../../contracts/errors.ts';
import type { SandboxLimits, ScriptError } from '../../contracts/sandbox.ts';

const SECONDS = 1_000;

export const failure = (kind: ScriptError['kind'], exception: string, message: string): ScriptError => ({
  ...{ kind, exception, message, line: undefined, traceback: undefined },
});

export function limitReached(limit: keyof SandboxLimits, limits: SandboxLimits): ScriptError {
  const bound = limits[limit];
  const told: { readonly [name in keyof SandboxLimits]?: readonly [string, string] } = {
    maxSourceBytes: ['ValueError', `the script is longer than ${bound} bytes`],
    maxInterpreterMs: ['TimeoutError', `the script used more than ${bound / SECONDS} s of computing time`],
    maxWallMs: ['TimeoutError', `the script took more than ${bound / SECONDS} s with all its calls`],
    maxCalls: ['RuntimeError', `a run may make ${bound} calls`],
    maxPrintBytes: ['RuntimeError', `the script printed more than ${bound} bytes`],
    maxValueBytes: ['ValueError', `the result is larger than ${bound} bytes`],
    maxMemoryBytes: ['MemoryError', `the script used more than ${bound} bytes of memory`],
  };
  const [exception, message] = told[limit] ?? ['RuntimeError', `${limit}: ${bound}`];
  return { ...failure('limit', exception, message), limit };
}

export function tooLarge({ maxDumpBytes }: SandboxLimits): GatewayError {
  return new GatewayError('sandbox_state_too_large', undefined, { data: { maxDumpBytes } });
}
