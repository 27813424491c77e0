/** What an access token was issued for: our scopes, which kind of call needs which, and what stands in a token. */

import type { Scope } from '../../contracts/access-tokens.ts';
import type { CallKind } from '../../contracts/call.ts';

/** More than anybody asks for; the rest is not looked at. */
const MAX_SCOPES = 256;

/** RFC 6749, section 3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * What a call of that kind needs. Whether a tool only reads is what its server says of it, so that `mcp:read` is good for
 * no call of a tool.
 */
export function scopeFor(kind: CallKind): Scope {
  switch (kind) {
    case 'tools.call':
    case 'tasks.update':
    case 'tasks.cancel':
      return 'mcp';
    case 'chat':
    case 'embed':
    case 'tokens.count':
    case 'models.list':
    case 'models.pass':
      return 'models';
    default:
      return 'mcp:read';
  }
}

/** `a` covers `a` and `a:…`. */
export function covers(granted: readonly string[], needed: Scope): boolean {
  return granted.some((scope) => scope === needed || needed.startsWith(`${scope}:`));
}

/** Scopes of a token's claims: `scope` as a text (RFC 9068), `scp` as a list or a text, as some issuers have it. */
export function scopesOf(claims: { readonly scope?: unknown; readonly scp?: unknown }): readonly string[] {
  const found = new Set<string>();
  for (const claim of [claims.scope, claims.scp]) {
    const words: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
    for (const word of words) {
      if (found.size >= MAX_SCOPES) break;
      if (typeof word === 'string' && SCOPE_TOKEN.test(word)) found.add(word);
    }
  }
  return [...found];
}
