/** The public keys of one issuer of access tokens: found, fetched through the guard, kept, and looked at again in time. */

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { GatewayError } from '../../contracts/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';

export interface IssuerKeysDeps {
  /** Monotonic, milliseconds. */
  readonly monotonicMs: () => number;
  /** Its keys are others than before: what was checked with them is to be checked again. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
  /** For tests. Default: through the guard, for `issuer`. */
  readonly createFetch?: ((serverUrl: string, signal: AbortSignal) => FetchLike) | undefined;
}

export interface IssuerKeys {
  /**
   * The key for a token's header. Rejects with GatewayError `issuer_unavailable` where there are no keys, with an error of
   * jose where there is no such key.
   */
  readonly find: JWTVerifyGetKey;
}

/** Looked at again after so long, beside what goes on. */
const FRESH_MS = 300_000;
/** Older ones are not used before somebody tried to get newer ones. */
const AGED_MS = 3_600_000;
/** Older ones are not used at all. */
const STALE_MS = 86_400_000;
/** Strangers can make up names of keys, and tokens while there are no keys. */
const PAUSE_MS = 30_000;
const PAUSE_WITHOUT_KEYS_MS = 5_000;
/** Metadata and keys together. */
const ERRAND_MS = 10_000;
const MAX_KEYS = 100;

interface Kept {
  readonly text: string;
  readonly find: JWTVerifyGetKey;
  readonly fetchedMs: number;
}

/** `jwksUrl`: where they are; undefined: where the issuer's metadata says. Nothing a token says leads anywhere. */
export function createIssuerKeys(
  deps: IssuerKeysDeps,
  { issuer, jwksUrl }: { readonly issuer: string; readonly jwksUrl: string | undefined },
): IssuerKeys {
  const { monotonicMs, createFetch = createGuardedFetch } = deps;
  let kept: Kept | undefined;
  let running: Promise<void> | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;

  const fetchKeys = async (): Promise<void> => {
    const fetchFrom = createFetch(jwksUrl ?? issuer, AbortSignal.timeout(ERRAND_MS));
    const found = await fetchJson(fetchFrom, jwksUrl ?? (await discover(fetchFrom, issuer)));
    const { keys } = found ?? {};
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
      throw new Error(`its key set holds no keys, or more than ${MAX_KEYS}`);
    const find = createLocalJWKSet({ keys } as unknown as JSONWebKeySet);
    const text = JSON.stringify(keys);
    const isOther = kept !== undefined && kept.text !== text;
    kept = { text, find, fetchedMs: monotonicMs() };
    if (isOther) deps.onChange();
  };

  /** One errand at a time, and a pause after each. Never rejects. */
  const refresh = (): Promise<void> => {
    if (running !== undefined) return running;
    const pauseMs = kept === undefined ? PAUSE_WITHOUT_KEYS_MS : PAUSE_MS;
    if (monotonicMs() - triedMs < pauseMs) return Promise.resolve();
    triedMs = monotonicMs();
    running = fetchKeys()
      .catch(deps.onFailure)
      .finally(() => {
        running = undefined;
      });
    return running;
  };

  const current = async (): Promise<Kept> => {
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : monotonicMs() - kept.fetchedMs;
    if (ageMs > FRESH_MS) {
      const refreshed = refresh();
      if (ageMs > AGED_MS) await refreshed;
    }
    if (kept === undefined || monotonicMs() - kept.fetchedMs > STALE_MS)
      throw new GatewayError('issuer_unavailable', 'its issuer did not give its keys');
    return kept;
  };

  return {
    async find(header, token) {
      const before = await current();
      try {
        return await before.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        // Perhaps a new one.
        await refresh();
        const now = await current();
        if (now === before) throw error;
        return now.find(header, token);
      }
    },
  };
}

/** RFC 8414, section 3.1 and 5; OpenID Connect Discovery, section 4. */
async function discover(fetchFrom: FetchLike, issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = new Set([
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/openid-configuration${path}`,
  ]);
  for (const place of places) {
    const metadata = await fetchJson(fetchFrom, place);
    if (metadata === undefined) continue;
    if (metadata.issuer !== issuer) throw new Error('its metadata names another issuer');
    const { jwks_uri: found } = metadata;
    if (typeof found !== 'string' || !URL.canParse(found)) throw new Error('its metadata names no address of keys');
    // Of an issuer on this machine the configuration takes http; nobody else may make it plain.
    if (new URL(found).protocol !== 'https:' && new URL(issuer).protocol !== 'http:')
      throw new Error('its keys are not at an https address');
    return found;
  }
  throw new Error('it has no metadata');
}

/** Undefined: there is none. Rejects with TypeError where the guard does not let it through. */
async function fetchJson(
  fetchFrom: FetchLike,
  url: string,
): Promise<{ readonly [member: string]: unknown } | undefined> {
  const answer = await fetchFrom(url, { headers: { accept: 'application/json' } });
  if (answer.status >= 500) throw new Error(`it answered ${answer.status}`);
  if (answer.status !== 200) return undefined;
  const found: unknown = await answer.json();
  if (!isObject(found)) throw new Error('it answered with no object');
  return found;
}
