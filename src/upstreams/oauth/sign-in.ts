/** One sign-in from the address somebody opens to the tokens: each address is good once, for ten minutes, for one server. */

import { createHash, randomBytes } from 'node:crypto';
import type { OAuthClientProvider } from '@modelcontextprotocol/client';
import type { FetchLike } from './guarded-fetch.ts';
import { type KeptDeps, type PreparedSignIn, readCredential, SHARED_OWNER, type Tokens } from './kept-credential.ts';

export const SIGN_IN_MS = 600_000;
/** Redeeming takes no longer. */
export const REDEEM_MS = 30_000;

/** What comes back from the authorization server, as query parameters. */
export interface SignInAnswer {
  readonly state: string | undefined;
  readonly code: string | undefined;
  readonly iss: string | undefined;
  readonly error: string | undefined;
}

/** A sign-in whose address was given out. */
export interface OpenSignIn extends PreparedSignIn {
  readonly serverId: string;
  readonly serverUrl: string;
  readonly codeVerifier: string;
  /** Id of the user it is for; '': the gateway itself. */
  readonly owner: string;
  readonly expiresAtMs: number;
  /** Since when somebody redeems its code. */
  readonly redeemedAtMs?: number | undefined;
}

const hashOf = (state: string): string => createHash('sha256').update(state).digest('base64url');
const boundTo = (stateHash: string): string => `server-sign-in ${stateHash}`;

/** The address to open. Undefined with a problem, or without: nothing is prepared. */
export async function openSignIn(
  deps: KeptDeps,
  serverId: string,
): Promise<{ readonly url: string } | { readonly url: undefined; readonly problem: string | undefined }> {
  const kept = readCredential(deps, serverId);
  if (kept?.signIn === undefined) return { url: undefined, problem: kept?.problem };
  return { url: await beginSignIn(deps, kept.signIn, { serverId, serverUrl: kept.serverUrl, owner: SHARED_OWNER }) };
}

/** Gives out the address of a sign-in that is prepared. */
export async function beginSignIn(
  deps: KeptDeps,
  prepared: PreparedSignIn,
  { serverId, serverUrl, owner }: Pick<OpenSignIn, 'serverId' | 'serverUrl' | 'owner'>,
): Promise<string> {
  const state = randomBytes(32).toString('base64url');
  const codeVerifier = randomBytes(32).toString('base64url');
  const stateHash = hashOf(state);
  const nowMs = deps.now();
  const expiresAtMs = nowMs + SIGN_IN_MS;
  const signIn: OpenSignIn = { ...prepared, serverId, serverUrl, owner, codeVerifier, expiresAtMs };
  const sealed = deps.sealer.seal(JSON.stringify(signIn), boundTo(stateHash));
  await deps.store.addSignIn(stateHash, { serverId, owner, sealed, expiresAtMs }, nowMs);
  const url = new URL(signIn.authorizationUrl);
  url.searchParams.set('state', state);
  url.searchParams.set('code_challenge', createHash('sha256').update(codeVerifier).digest('base64url'));
  url.searchParams.set('code_challenge_method', 'S256');
  return url.href;
}

/**
 * Takes it out of the store. As long as its code is being redeemed, it lies there under state and code together, so that the same
 * answer, and no other, is good once more if this process does not get to an end. Undefined: no such state, or not any more.
 */
export async function takeSignIn(deps: KeptDeps, answer: SignInAnswer): Promise<OpenSignIn | 'busy' | undefined> {
  const { state, code } = answer;
  if (state === undefined || state === '') return undefined;
  const first = await takeRow(deps, state);
  const signIn = first ?? (code === undefined ? undefined : await takeRow(deps, redeeming(state, code)));
  if (signIn === undefined) return undefined;
  const isBusy = deps.now() - (signIn.redeemedAtMs ?? Number.NEGATIVE_INFINITY) < REDEEM_MS;
  if (isBusy) await keepForReload(deps, answer, signIn, signIn.redeemedAtMs);
  else await keepForReload(deps, answer, signIn, deps.now());
  return isBusy ? 'busy' : signIn;
}

/** It has ended, well or not. */
export async function endSignIn(deps: KeptDeps, { state, code }: SignInAnswer): Promise<void> {
  if (state !== undefined && code !== undefined) await takeRow(deps, redeeming(state, code));
}

/** The same answer may come again at once: its code has not been used, as far as is known. */
export async function reopenSignIn(deps: KeptDeps, answer: SignInAnswer, signIn: OpenSignIn): Promise<void> {
  await endSignIn(deps, answer);
  await keepForReload(deps, answer, signIn, undefined);
}

const redeeming = (state: string, code: string): string => `${state}\n${code}`;

async function keepForReload(
  deps: KeptDeps,
  { state, code }: SignInAnswer,
  signIn: OpenSignIn,
  redeemedAtMs: number | undefined,
): Promise<void> {
  if (state === undefined || code === undefined) return;
  const { serverId, owner, expiresAtMs } = signIn;
  const stateHash = hashOf(redeeming(state, code));
  const sealed = deps.sealer.seal(JSON.stringify({ ...signIn, redeemedAtMs }), boundTo(stateHash));
  await deps.store.addSignIn(stateHash, { serverId, owner, sealed, expiresAtMs }, deps.now());
}

async function takeRow(deps: KeptDeps, state: string): Promise<OpenSignIn | undefined> {
  const stateHash = hashOf(state);
  const found = await deps.store.takeSignIn(stateHash, deps.now());
  const text = found === undefined ? undefined : deps.sealer.open(found.sealed, boundTo(stateHash));
  if (found === undefined || text === undefined) return undefined;
  return { ...(JSON.parse(text) as OpenSignIn), owner: found.owner, expiresAtMs: found.expiresAtMs };
}

/** The code was not redeemed, and may be later. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Of connecting, sending, or waiting: all have a code. */
function isNetworkError(error: unknown): boolean {
  return error instanceof Error && ('code' in error || error.name === 'TimeoutError');
}

/** Exchanges the code. Rejects with UnreachableError, or otherwise if the answer is not from the issuer that was asked, or brings no tokens. */
export async function redeemSignIn(
  deps: Pick<KeptDeps, 'now'> & { readonly fetchFn: FetchLike },
  signIn: OpenSignIn,
  { code, iss, error }: SignInAnswer,
): Promise<Tokens> {
  const { auth, OAuthError, OAuthErrorCode, validateAuthorizationResponseIssuer } = await import(
    '@modelcontextprotocol/client'
  );
  const isTemporary = (given: string): boolean =>
    given === OAuthErrorCode.ServerError || given === OAuthErrorCode.TemporarilyUnavailable;
  const isUnreachable = (failure: unknown): boolean =>
    failure instanceof TypeError || failure instanceof OAuthError || isNetworkError(failure);
  const metadata = signIn.discovery.authorizationServerMetadata;
  // Before anything else that came with it is believed, shown or used.
  validateAuthorizationResponseIssuer({
    iss,
    expectedIssuer: metadata?.issuer,
    issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
  });
  if (error !== undefined)
    throw new Error(`the authorization server refused: ${error.replace(/[^\w.-]/g, '?').slice(0, 64)}`);
  if (code === undefined) throw new Error('the authorization server sent no code');
  let tokens: Tokens | undefined;
  const provider: OAuthClientProvider = {
    ...{ redirectUrl: signIn.redirectUrl, clientMetadata: { redirect_uris: [signIn.redirectUrl] } },
    clientInformation: () => signIn.client,
    tokens: () => undefined,
    saveTokens(value) {
      const atMs = deps.now();
      const expiresAtMs = value.expires_in === undefined ? undefined : atMs + value.expires_in * 1000;
      tokens = { value, atMs, expiresAtMs };
    },
    redirectToAuthorization() {
      throw new Error('the authorization server wants another sign-in');
    },
    saveCodeVerifier() {},
    codeVerifier: () => signIn.codeVerifier,
    // A code is good once: the SDK would try it again.
    invalidateCredentials() {
      throw new Error('the authorization server did not accept the code');
    },
    discoveryState: () => signIn.discovery,
    saveDiscoveryState() {},
  };
  await auth(provider, {
    ...{ serverUrl: signIn.serverUrl, authorizationCode: code, fetchFn: deps.fetchFn },
    ...(iss !== undefined && { iss }),
  }).catch((failure: unknown) => {
    const isAnswer = failure instanceof OAuthError && !isTemporary(failure.code);
    throw isAnswer || !isUnreachable(failure)
      ? failure
      : new UnreachableError('the authorization server does not answer');
  });
  if (tokens === undefined) throw new Error('the authorization server sent no tokens');
  return tokens;
}
