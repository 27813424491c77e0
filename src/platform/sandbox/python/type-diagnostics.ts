/** What the worker's type checker says of a script, in its own JSON. */

import type { TypeDiagnostic } from '../../../contracts/sandbox.ts';
import { isObject } from '../../../lib/is-object.ts';

const MAX_DIAGNOSTICS = 50;
const MAX_MESSAGE_CHARS = 300;

/** What cannot be understood is none. */
export function readTypeDiagnostics(text: string): readonly TypeDiagnostic[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return parsed.filter(isObject).slice(0, MAX_DIAGNOSTICS).map(read);
}

function read(entry: { readonly [name: string]: unknown }): TypeDiagnostic {
  const at = isObject(entry.location) ? entry.location : {};
  const row = typeof at.row === 'number' ? at.row : undefined;
  const message = typeof entry.message === 'string' ? entry.message : '';
  return {
    rule: typeof entry.code === 'string' ? entry.code : typeof entry.name === 'string' ? entry.name : '',
    message: message.slice(0, MAX_MESSAGE_CHARS),
    line: row,
    severity: entry.severity === 'warning' ? 'warning' : 'error',
  };
}
