/** The note of an ordinary call of a model, written by hand: as a text within a text its quotes would be looked at twice. */

import type { ModelNote } from '../../contracts/trail.ts';
import { isVisibleAscii } from '../../lib/is-visible-ascii.ts';

/**
 * What `JSON.stringify(JSON.stringify(note))` says, its figures left out, without the outer quotes. Undefined: it has more than
 * one attempt that answered, or a name that is not plain.
 */
export function plainNote({ stop, attempts, dropped, rule }: ModelNote): string | undefined {
  const [only] = attempts;
  if (only === undefined || attempts.length > 1 || dropped !== undefined || rule !== undefined) return undefined;
  const { provider, model, key, durationMs, failure, status } = only;
  if (failure !== undefined || status !== undefined || !Number.isFinite(durationMs)) return undefined;
  if (!isPlain(provider) || !isPlain(model) || (key !== undefined && !isPlain(key))) return undefined;
  const reason = stop === undefined ? '' : `\\"stop\\":\\"${stop}\\",`;
  const named = key === undefined ? '' : `\\"key\\":\\"${key}\\",`;
  const attempt = `\\"provider\\":\\"${provider}\\",\\"model\\":\\"${model}\\",${named}\\"durationMs\\":${durationMs}`;
  return `{${reason}\\"attempts\\":[{${attempt}}]}`;
}

/** Without what JSON escapes. */
const isPlain = (name: string): boolean => isVisibleAscii(name) && !name.includes('"') && !name.includes('\\');
