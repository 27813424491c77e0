/** An issuer of access tokens that the configuration names: each token is checked here, with keys of its own. */

import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { TokenIssuer, TokenVerdict } from '../../contracts/access-tokens.ts';
import type { TokenIssuerConfig } from '../../contracts/authorization-config.ts';
import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { createLru } from '../../lib/lru.ts';
import type { IssuerKeys } from './issuer-keys.ts';

export interface TokenIssuerDeps {
  readonly keys: IssuerKeys;
  /** Who the subject is here. Throws GatewayError `unknown_subject`. */
  readonly callerOf: (subject: {
    readonly issuer: string;
    readonly subject: string;
    readonly claims: JsonObject;
  }) => Caller;
  /** The same, as of now; undefined: they are nobody any more. Costs next to nothing. */
  readonly refreshed: (caller: Caller) => Caller | undefined;
  readonly scopesOf: (claims: JsonObject) => readonly string[];
  /** Wall clock, milliseconds. */
  readonly now: () => number;
}

export interface ExternalIssuer extends TokenIssuer {
  /** The next time each token is checked anew. */
  forget(): void;
}

/** How far clocks may be apart. */
const SKEW_S = 60;
/** A token is looked at with the keys of its issuer again after so long, so that one who is gone is missed. */
const KEEP_MS = 300_000;
/** Of claims kept, in characters. */
const MAX_KEPT_CHARS = 16 * 1024 * 1024;
const MAX_SUBJECT_CHARS = 1_000;

/** What was checked of a token; what it is good for is asked each time. */
interface Checked {
  readonly claims: JsonObject;
  readonly subject: string;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  readonly clientId: string | undefined;
  readonly expiresAtMs: number;
  readonly checkedAtMs: number;
  /** Who it was the last time. */
  caller: Caller | undefined;
}

/** Says why a token is not good, to whoever develops the client. */
class Unfit extends Error {
  override readonly name = 'Unfit';
}

export function createTokenIssuer(deps: TokenIssuerDeps, config: TokenIssuerConfig): ExternalIssuer {
  const { now } = deps;
  const { issuer } = config;
  const kept = createLru<Checked>(MAX_KEPT_CHARS);

  const check = async (token: string): Promise<Checked> => {
    const { alg, typ } = decodeProtectedHeader(token);
    if (alg === undefined || !(config.algorithms as readonly string[]).includes(alg))
      throw new Unfit('its signature is of a kind that is not taken here');
    const type = typ?.toLowerCase().replace(/^application\//, '');
    if (type !== 'at+jwt' && type !== 'jwt') throw new Unfit('its type is neither at+jwt nor JWT');
    const claims = await verifySignature(token, deps.keys.find, config, now());
    if (type === 'jwt' && isIdToken(claims)) throw new Unfit('it is an ID token');
    const { sub, exp, aud } = claims;
    if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_CHARS) throw new Unfit('it has no subject');
    const clientId = [claims.client_id, claims.azp].find((each) => typeof each === 'string');
    return {
      ...{ claims, subject: sub, clientId: typeof clientId === 'string' ? clientId : undefined },
      audience: typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : [],
      scopes: [...new Set([...deps.scopesOf(claims), ...config.scopes])],
      ...{ expiresAtMs: Number(exp) * 1_000, checkedAtMs: now() },
      caller: undefined,
    };
  };

  /** Undefined: of another issuer. */
  const findChecked = async (token: string): Promise<Checked | undefined> => {
    const key = hash('sha256', token, 'base64');
    const known = kept.get(key);
    if (known !== undefined && known.checkedAtMs + KEEP_MS > now()) return known;
    if (issuerOf(token) !== issuer) return undefined;
    const checked = await check(token);
    kept.set(key, checked, token.length);
    return checked;
  };

  const judge = (checked: Checked, resource: string): TokenVerdict => {
    const { subject, claims, audience, scopes, clientId, expiresAtMs } = checked;
    if (expiresAtMs + SKEW_S * 1_000 <= now()) return { type: 'invalid', reason: 'it has expired' };
    if (!audience.some((each) => each === resource || config.audience.includes(each)))
      return { type: 'invalid', reason: `it was issued for another resource than ${resource}` };
    checked.caller = (checked.caller && deps.refreshed(checked.caller)) ?? deps.callerOf({ issuer, subject, claims });
    return { type: 'valid', caller: checked.caller, scopes, clientId, expiresAtMs };
  };

  return {
    issuer,
    async verify(token, resource) {
      try {
        const checked = await findChecked(token);
        return checked === undefined ? { type: 'foreign' } : judge(checked, resource);
      } catch (error) {
        if (error instanceof GatewayError) throw error;
        return { type: 'invalid', reason: reasonOf(error) };
      }
    },
    forget: () => kept.clear(),
  };
}

/** What it claims to be of; undefined: it is no JWT. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Also where several keys fit and the token does not say which. */
async function verifySignature(
  token: string,
  find: JWTVerifyGetKey,
  { issuer, algorithms }: TokenIssuerConfig,
  nowMs: number,
): Promise<JWTPayload & JsonObject> {
  const options = {
    issuer,
    algorithms: [...algorithms],
    clockTolerance: SKEW_S,
    currentDate: new Date(nowMs),
    requiredClaims: ['exp', 'sub', 'aud'],
  };
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Those say that somebody signed in at a client, and let it do nothing (RFC 9068, section 2.1, sets them apart by type). */
function isIdToken(claims: JsonObject): boolean {
  return ['nonce', 'at_hash', 'c_hash'].some((claim) => Object.hasOwn(claims, claim));
}

/** Nothing of what the token says. */
function reasonOf(error: unknown): string {
  if (error instanceof Unfit) return error.message;
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'nbf' ? 'it is not valid yet' : `its claim ${error.claim} is missing or not as it must be`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no key that it could be signed with';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it cannot be read';
}
