/** What the worker's type checker says of a script, in its own JSON. */

import type { TypeDiagnostic } from '../../../contracts/sandbox.ts';
import { isObject } from '../../../lib/is-object.ts';

const MAX_DIAGNOSTICS = 50;
const MAX_MESSAGE_CHARS = 300;

/** Without those of the lines before the script. What cannot be understood is none. */
export function readTypeDiagnostics(text: string, linesBefore: number): readonly TypeDiagnostic[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return parsed
    .filter(isObject)
    .map((entry) => read(entry, linesBefore))
    .filter(({ line }) => line === undefined || line > 0)
    .slice(0, MAX_DIAGNOSTICS);
}

function read(entry: { readonly [name: string]: unknown }, linesBefore: number): TypeDiagnostic {
  const at = isObject(entry.location) ? entry.location : {};
  const row = typeof at.row === 'number' ? at.row - linesBefore : undefined;
  const message = typeof entry.message === 'string' ? entry.message : '';
  return {
    rule: typeof entry.code === 'string' ? entry.code : typeof entry.name === 'string' ? entry.name : '',
    message: message.slice(0, MAX_MESSAGE_CHARS),
    line: row,
    severity: entry.severity === 'warning' ? 'warning' : 'error',
  };
}
