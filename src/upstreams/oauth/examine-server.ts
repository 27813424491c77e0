/** Walks the way of a sign-in at a server without signing in: what is there, what is wrong with it, and how to mend that. */

import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import { type ClientOptions, examineAuthorization, examineRegistration } from './examine-client.ts';
import { examineExchange } from './examine-exchange.ts';
import { examineIssuer, examineResource } from './examine-issuer.ts';
import type { Finding, Say, Step } from './finding.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import type { KeptCredential } from './kept-credential.ts';
import { describeFailure, type Refreshed, WHY_LATER } from './refresh-tokens.ts';
import { urlOf } from './user-credentials.ts';

/** All requests together. */
const EXAMINE_MS = 60_000;

export interface ExamineOptions extends ClientOptions {
  /** The credential whose token is tried; undefined: none is stored. */
  readonly kept: KeptCredential | undefined;
  /** Renews that token, and stores what comes of it. Undefined: it is not to be tried. */
  readonly refresh?: ((discovery: OAuthDiscoveryState) => Promise<Refreshed>) | undefined;
}

/** In order; ends where nothing further can be found out. */
export async function examineServer(options: ExamineOptions): Promise<readonly Finding[]> {
  const { config } = options;
  const serverUrl = urlOf(config);
  const fetchFn = createGuardedFetch(serverUrl, AbortSignal.timeout(EXAMINE_MS));
  const findings: Finding[] = [];
  const say = (step: Step, verdict: Finding['verdict'], text: string, remedy?: string): void =>
    void findings.push({ step, verdict, text, ...(remedy !== undefined && { remedy }) });

  const answer = await post(fetchFn, serverUrl, undefined);
  if (answer.status === undefined) {
    say('server', 'wrong', `${serverUrl} does not answer: ${answer.problem}`, 'Start it, or mend "url".');
    return findings;
  }
  if (answer.status === 401) say('server', 'ok', 'refuses a request without a credential (401)');
  else
    say(
      'server',
      answer.status < 500 ? 'skipped' : 'wrong',
      `answers a request without a credential with ${answer.status}: it may want a sign-in for some calls only, or none`,
      answer.status < 500 ? undefined : 'Look into its log.',
    );

  const resource = await examineResource(fetchFn, serverUrl, answer.resourceMetadataUrl, say);
  const issuer = resource ?? new URL(serverUrl).origin;
  const metadata = await examineIssuer(fetchFn, issuer, say);
  const { tokenExchange } = config;
  if (tokenExchange !== undefined) await examineExchange(tokenExchange, metadata, say);
  if (metadata !== undefined && tokenExchange?.signIn !== false) {
    const clientId = examineRegistration(options, metadata, say);
    if (config.oauth?.clientCredentials !== undefined)
      say('authorization request', 'skipped', 'the gateway gets its token by itself; nobody signs in');
    else if (clientId === undefined)
      say('authorization request', 'skipped', 'the gateway is not a client there yet; a sign-in makes it one');
    else await examineAuthorization(fetchFn, { ...options, metadata, clientId }, say);
  }
  await examineToken(fetchFn, options, say);
  return findings;
}

async function examineToken(fetchFn: FetchLike, options: ExamineOptions, say: Say): Promise<void> {
  const { config, kept, refresh } = options;
  const tokens = kept?.tokens;
  if (tokens === undefined) {
    say('token', 'skipped', 'none is stored');
    return;
  }
  const answer = await post(fetchFn, urlOf(config), `Bearer ${tokens.value.access_token}`);
  if (answer.status === 401 || answer.status === undefined)
    say(
      'token',
      'wrong',
      answer.status === 401 ? 'the server refuses it' : `it could not be tried: ${answer.problem}`,
      answer.status === 401 ? 'The next call renews it; try that with --refresh.' : undefined,
    );
  else say('token', 'ok', `the server takes it (${answer.status})`);
  if (tokens.value.refresh_token === undefined) say('refresh', 'skipped', 'the issuer gave no refresh token');
  else if (refresh === undefined) say('refresh', 'skipped', 'not tried; --refresh does');
  else if (kept?.discovery === undefined) say('refresh', 'skipped', 'where to is not stored');
  else {
    const done = await refresh(kept.discovery);
    if (done === 'renewed') say('refresh', 'ok', 'the token was renewed, and the new one is stored');
    else if (done === 'rejected' || done === 'forgotten')
      say('refresh', 'wrong', 'the issuer does not renew it any more', 'Connect, or sign in, again.');
    else if (done === 'unwelcome')
      say('refresh', 'wrong', WHY_LATER.unwelcome, 'Look at "clientId" and "clientSecret"; nothing is lost.');
    else say('refresh', 'wrong', 'the issuer does not answer', 'Try again later; nothing is lost.');
  }
}

async function post(
  fetchFn: FetchLike,
  url: string,
  authorization: string | undefined,
): Promise<{
  readonly status: number | undefined;
  readonly problem: string;
  readonly resourceMetadataUrl: URL | undefined;
}> {
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
  const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  try {
    const response = await fetchFn(url, {
      method: 'POST',
      headers: { ...base, ...(authorization !== undefined && { authorization }) },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    const { resourceMetadataUrl } = extractWWWAuthenticateParams(response);
    return { status: response.status, problem: '', resourceMetadataUrl };
  } catch (error) {
    return { status: undefined, problem: describeFailure(error), resourceMetadataUrl: undefined };
  }
}
