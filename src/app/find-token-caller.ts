/** Who somebody is who comes with an access token, as of now: for questions about tokens that nobody presents. */

import { SCOPES } from '../contracts/access-tokens.ts';
import type { ProtectedPlace } from '../contracts/call.ts';
import type { AssumedToken } from '../contracts/explain.ts';
import type { OAuthGrant } from '../contracts/oauth-store.ts';
import { scopesOf } from '../domain/access/scopes.ts';
import { resourcePath } from '../pipeline/authorization/admission.ts';
import { PERSON_PREFIX } from '../pipeline/authorization/own-tokens.ts';
import { findSubjectCaller, subjectKeyId, subjectName } from '../pipeline/authorization/subjects.ts';
import type { ExplainedCaller } from '../pipeline/explain-caller.ts';
import { type CallerConfig, type CallerDirectory, findInForce } from './find-caller.ts';

const NOTHING = { allow: [], deny: [] };

/** Of an issuer that the configuration names. Whom it does not know, or takes no tokens of, is barred. */
export function findTokenCaller(
  directory: CallerDirectory,
  config: CallerConfig,
  { issuer, subject, claims, scopes }: AssumedToken,
): ExplainedCaller {
  const named = scopes ?? scopesOf(claims);
  const own = config.authorization?.issuers.find((each) => each.issuer === issuer)?.scopes ?? [];
  const isSilent = scopes === undefined && named.length === 0;
  const base = { scopes: isSilent ? SCOPES : [...named, ...own] };
  const nobody = { ...base, keyId: subjectKeyId(issuer, subject), keyName: subjectName(subject), grant: NOTHING };
  const { authorization } = config;
  if (authorization === undefined || !authorization.issuers.some((each) => each.issuer === issuer))
    return { ...nobody, barred: `tokens of ${issuer} are not taken: it is not in "authorization.issuers"` };
  const found = findSubjectCaller(directory, authorization, { issuer, subject, claims });
  if ('caller' in found) return { ...found.caller, ...base };
  return { ...nobody, barred: found.reason, barredAs: 'unknown_subject' };
}

/** With a token that our authorization server would issue for what a person let a client do, presented at `place`. */
export function findGrantHolder(
  directory: CallerDirectory,
  config: CallerConfig,
  grant: OAuthGrant,
  place: ProtectedPlace,
): ExplainedCaller {
  const { userId, keyId, clientName, scopes, expiresAtMs, resource } = grant;
  const found = findInForce(directory, config, keyId ?? PERSON_PREFIX + userId);
  // Also where the key has come to be somebody else's.
  const isTheirs = found?.levels?.some(({ type, id }) => type === 'user' && id === userId) === true;
  const common = { scopes, expiresAtMs };
  if (found === undefined || !isTheirs || config.authorizationServer === undefined) {
    const barred =
      config.authorizationServer === undefined
        ? 'tokens of the gateway itself are not taken: "authorization.server" is not configured'
        : 'whom it acts as is gone, switched off or revoked';
    return { keyId: keyId ?? PERSON_PREFIX + userId, keyName: clientName, grant: NOTHING, ...common, barred };
  }
  const caller = { ...found, ...common };
  if (new URL(resource).pathname === resourcePath(place)) return caller;
  return { ...caller, barred: `the client was let in at ${resource}, and tokens for it are good nowhere else` };
}
