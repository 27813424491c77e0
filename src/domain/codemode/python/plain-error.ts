/** Errors of a script's own classes, which one of the engine's carries, by their own names again. */

import type { ScriptError } from '../../../contracts/sandbox.ts';
import { MARK } from './prelude/errors.ts';

export function plainError(error: ScriptError): ScriptError {
  const [message = '', number, exception, ...more] = error.message.split(MARK);
  if (number === undefined || exception === undefined || more.length > 0) return error;
  return { ...error, exception, message };
}
