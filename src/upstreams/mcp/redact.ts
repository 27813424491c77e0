/** Takes configured secrets out of text a server wrote, before it reaches the log or an operator. */

import type { Secret } from '../../contracts/secret.ts';

export type Redact = (text: string) => string;

/** Values shorter than six characters are left alone: replacing `1` or `true` would hide everything and protect nothing. */
export function createRedact(secrets: { readonly [name: string]: Secret }): Redact {
  const values = new Set<string>();
  for (const secret of Object.values(secrets)) {
    const value = secret.open();
    if (value.length >= 6) values.add(value);
    // A server may quote the token without its scheme.
    const token = /^\S+\s+(\S{6,})$/.exec(value)?.[1];
    if (token !== undefined) values.add(token);
  }
  if (values.size === 0) return (text) => text;
  const longestFirst = [...values].sort((a, b) => b.length - a.length);
  return (text) => {
    let out = text;
    for (const value of longestFirst) out = out.replaceAll(value, '[redacted]');
    return out;
  };
}

/** One printable line of at most `maxChars`: no control characters, so that a server cannot draw on our terminal. */
export function toPrintable(text: string, maxChars: number): string {
  const clean = text
    .slice(0, maxChars * 2)
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return clean.length > maxChars ? `${clean.slice(0, maxChars - 1)}…` : clean;
}
