/** From the name a person gave a server to the id that stands in tool names, URLs and patterns. */

import { createHash } from 'node:crypto';

const MAX_CHARS = 32;
const HASH_CHARS = 6;

/**
 * `[A-Za-z0-9_-]`, 1 to 32 characters, a letter in front, no `__`, no `_` or `-` at the end. Depends on the name alone, so it
 * never moves when other servers come or go. Spaces and punctuation become `-`; letters outside ASCII that have no plain form
 * are dropped, and then, as when the name had to be cut, a hash of the whole name is appended. A digit in front gets `s-`:
 * tool names and URI schemes begin with the id, and neither Gemini nor RFC 3986 lets them begin with a digit.
 */
export function serverIdOf(name: string): string {
  const decomposed = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const lostLetters = /[^\P{L}A-Za-z]|[^\P{N}0-9]/u.test(decomposed);
  const plain = trim(decomposed.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/_+/g, '_'));
  const slug = /^[0-9]/.test(plain) ? `s-${plain}` : plain;
  if (slug !== '' && slug.length <= MAX_CHARS && !lostLetters) return slug;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARS);
  return `${trim(slug.slice(0, MAX_CHARS - HASH_CHARS - 1)) || 'server'}-${hash}`;
}

function trim(slug: string): string {
  return slug.replace(/^[-_]+|[-_]+$/g, '');
}
