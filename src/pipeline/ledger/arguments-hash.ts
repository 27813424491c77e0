/** What arguments are recognised by, however they are spelled. */

import { hash } from 'node:crypto';
import type { JsonText } from '../../contracts/json.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

/** SHA-256, base64url. What is no JSON, or can be read in two ways, is recognised by its text alone. No text is `{}`. */
export function argumentsHash(text: JsonText | undefined): string {
  return hash('sha256', canonical(text?.trim() || '{}'), 'base64url');
}

function canonical(text: string): string {
  try {
    JSON.parse(text);
    return canonicalJson(text);
  } catch {
    return `not JSON: ${text}`;
  }
}
