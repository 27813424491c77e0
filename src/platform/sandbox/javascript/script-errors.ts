/** How a run in JavaScript ended that did not end well, in the words of the port. */

import type { ScriptError } from '../../../contracts/sandbox.ts';
import { failure } from '../limit-errors.ts';
import type { RaisedWords } from './messages.ts';

const MAX_FRAMES = 10;
/** `    at inner (script:3:7)` */
const FRAME = /^\s*at (.*?) \(script:(\d+)(?::\d+)?\)$/;

export function errorOf({ exception, message, stack }: RaisedWords, dropped: readonly string[]): ScriptError {
  const frames = stack.split('\n').flatMap((text) => {
    const [, name, line] = FRAME.exec(text) ?? [];
    return line === undefined ? [] : [{ name, line: Number(line) }];
  });
  const told = frames.slice(0, MAX_FRAMES).map(({ name, line }) => `line ${line}, in ${name}`);
  const missing = exception === 'ReferenceError' ? /^'?([\w$]+)'? is not defined$/.exec(message)?.[1] : undefined;
  const isDropped = missing !== undefined && dropped.includes(missing);
  return {
    ...{ kind: 'exception', exception },
    message: isDropped
      ? `${message}: an earlier run had it, but only variables that are JSON values last; define it again`
      : message,
    line: frames[0]?.line,
    traceback: told.length > 1 ? told.join('\n') : undefined,
  };
}

export const syntaxError = (message: string, line: number | undefined): ScriptError => ({
  ...failure('syntax', 'SyntaxError', message),
  line,
});

export const crashed = (why: string): ScriptError =>
  failure('crash', 'SystemError', `the sandbox ended while the script ran: ${why}`);
