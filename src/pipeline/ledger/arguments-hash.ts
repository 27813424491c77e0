/** What arguments are recognised by, however they are spelled. */

import { hash } from 'node:crypto';
import type { JsonText } from '../../contracts/json.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

/**
 * SHA-256, base64url. What is no JSON, or can be read in two ways, is recognised by its text alone. No text is `{}`. A number
 * may be spelled as it likes (SDKs write `1.0` as `1`), as long as no digit of it is lost.
 */
export function argumentsHash(text: JsonText | undefined): string {
  return hash('sha256', canonical(text?.trim() || '{}'), 'base64url');
}

function canonical(text: string): string {
  try {
    JSON.parse(text);
    return canonicalJson(text).replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : numberOf(token)));
  } catch {
    return `not JSON: ${text}`;
  }
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** As JavaScript writes it, where that is the same number; else as it stands there. */
function numberOf(token: string): string {
  const shortest = String(Number(token));
  return decimalOf(shortest) === decimalOf(token) ? shortest : token;
}

/** Digits without zeros around them, and where the point stands: equal for equal numbers. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const bare = digits.replace(/0+$/, '');
  if (bare === '') return '0';
  return `${sign}${bare}e${Number(exponent) - fraction.length + digits.length - bare.length}`;
}
