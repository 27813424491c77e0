/** Access tokens at the door: asks the issuers whose a token is, and tells clients where to get one that is good. */

import type { Scope, TokenIssuer } from '../../contracts/access-tokens.ts';
import type { CallKind, ProtectedPlace } from '../../contracts/call.ts';
import type { Caller, Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { covers, scopeFor } from '../../domain/access/scopes.ts';

/** What the gateway needs to take access tokens. */
export interface AccessTokens {
  /** Of the configuration in force; none: no tokens are taken. */
  readonly issuers: () => readonly TokenIssuer[];
  /** Where clients reach the gateway, without a slash at the end. */
  readonly baseUrl: () => string;
  /** A caller of an issuer as of now; undefined: they are nobody any more. */
  readonly refreshed: (caller: Caller) => Caller | undefined;
}

export interface Admission {
  /** Of a credential that is no key. Sets its `admitted`. Rejects with GatewayError. */
  admit(credential: Credential, place: ProtectedPlace): Promise<void>;
  /** What those are told who presented nothing, or nothing that is known. */
  refusal(detail: string, place: ProtectedPlace): GatewayError;
  /** Throws GatewayError `insufficient_scope`. */
  checkScope(credential: Credential | undefined, kind: CallKind, place: ProtectedPlace): void;
  /** A caller that was admitted, as of now; undefined: another one, or nobody any more. */
  refreshed(caller: Caller): Caller | undefined;
}

/** Those with hundreds of groups in them have a few thousand. */
const MAX_TOKEN_CHARS = 16_384;

/** The canonical path: what a token's audience ends in. Models have no address of their own. */
export function resourcePath(place: ProtectedPlace): string {
  switch (place.type) {
    case 'all':
    case 'models':
      return '/mcp';
    case 'server':
      return `/mcp/${encodeURIComponent(place.serverId)}`;
    case 'toolset':
      return `/mcp/t/${encodeURIComponent(place.toolset)}`;
  }
}

export function createAdmission(tokens: AccessTokens): Admission {
  const admitted = new WeakSet<Caller>();
  const challenge = (place: ProtectedPlace, scope: string, error?: string, description?: string): string => {
    const metadata = `${tokens.baseUrl()}/.well-known/oauth-protected-resource${resourcePath(place)}`;
    const parts = [`resource_metadata="${metadata}"`, `scope="${scope}"`];
    if (error !== undefined) parts.push(`error="${error}"`);
    if (description !== undefined) parts.push(`error_description="${quotable(description)}"`);
    return `Bearer ${parts.join(', ')}`;
  };
  const usualScope = (place: ProtectedPlace): Scope => (place.type === 'models' ? 'models' : 'mcp');

  const refusal = (detail: string, place: ProtectedPlace): GatewayError =>
    new GatewayError('unauthenticated', detail, { challenge: challenge(place, usualScope(place)) });
  const invalid = (reason: string, place: ProtectedPlace): GatewayError =>
    new GatewayError('unauthenticated', reason, {
      challenge: challenge(place, usualScope(place), 'invalid_token', reason),
    });

  return {
    async admit(credential, place) {
      const { token, source } = credential;
      // Elsewhere it would stand in logs, or is what somebody took for a key.
      if (source !== 'authorization') throw refusal('this one is unknown, expired or revoked', place);
      if (token.length > MAX_TOKEN_CHARS) throw invalid(`it is longer than ${MAX_TOKEN_CHARS} characters`, place);
      const resource = `${tokens.baseUrl()}${resourcePath(place)}`;
      for (const issuer of tokens.issuers()) {
        const verdict = await issuer.verify(token, resource);
        if (verdict.type === 'foreign') continue;
        if (verdict.type === 'invalid') throw invalid(verdict.reason, place);
        credential.admitted = { ...verdict, issuer: issuer.issuer };
        admitted.add(verdict.caller);
        return;
      }
      throw invalid('this one is unknown, expired or revoked', place);
    },
    refusal,
    refreshed: (caller) => (admitted.has(caller) ? tokens.refreshed(caller) : undefined),
    checkScope(credential, kind, place) {
      if (credential?.admitted === undefined) return;
      const needed = scopeFor(kind);
      if (covers(credential.admitted.scopes, needed)) return;
      // All that it takes, at once: a request to a model that goes with tools needs both.
      const scope = place.type === 'models' && needed !== 'models' ? `models ${needed}` : needed;
      const reason = `it needs the scope ${needed}`;
      throw new GatewayError('insufficient_scope', reason, {
        data: { scope },
        challenge: challenge(place, scope, 'insufficient_scope', reason),
      });
    },
  };
}

/** As a quoted string of a header takes it. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
}
