/** One server's credential while the gateway runs: the header that requests carry, and what is done when it is refused. */

import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { ServerConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import type { AuthChallenge, Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import { requestOwnToken } from './client-credentials.ts';
import { discover } from './discover.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import {
  hasUnopened,
  type KeptCredential,
  type KeptDeps,
  type PreparedSignIn,
  readCredential,
  SHARED_OWNER,
  type Tokens,
  writeCredential,
} from './kept-credential.ts';
import { issuerOf, prepareSignIn } from './prepare-sign-in.ts';
import { describeFailure, isFresh, type Refreshed, refreshTokens, renewalDueMs, WHY_LATER } from './refresh-tokens.ts';

const RENEW_MS = 30_000;
const RETRY_MS = 30_000;
const MAX_TIMER_MS = 86_400_000;

export interface ServerCredentialsDeps extends KeptDeps {
  readonly log: Log;
  /** Where sign-ins come back to; waits until the gateway listens. */
  readonly redirectUrl: () => Promise<string>;
  /** A server can be reached again. */
  readonly onSignedIn: (serverId: string) => void;
}

export interface OwnCredential extends ServerCredential, Disposable {
  readonly serverUrl: string;
  readonly serverName: string;
  /** Takes what another process stored, if its tokens are others. */
  reread(): void;
  /** The tokens of a sign-in are there. */
  take(signIn: PreparedSignIn, tokens: Tokens): void;
}

export function createRenewal(deps: ServerCredentialsDeps, config: ServerConfig, serverUrl: string): OwnCredential {
  const { log, now } = deps;
  const found = readCredential(deps, config.id);
  if (found === undefined && hasUnopened(deps, config.id))
    log.warn('a stored credential is sealed with a key that is not configured; a sign-in will replace it', {
      server: config.id,
    });
  let kept: KeptCredential = found?.serverUrl === serverUrl ? found : { serverUrl };
  let header: string | undefined;
  let running: Promise<Renewal> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Requests were refused since the last token came. */
  let isRefused = false;
  let isOver = false;
  /** Nobody has to sign in. */
  const isOwnGrant = config.oauth?.clientCredentials !== undefined;

  const use = (): void => {
    const { tokens } = kept;
    header = tokens === undefined ? undefined : `Bearer ${tokens.value.access_token}`;
    clearTimeout(timer);
    if (isOver || tokens?.expiresAtMs === undefined) return;
    if (tokens.value.refresh_token === undefined && !isOwnGrant) return;
    wake(renewalDueMs(tokens) - now());
  };
  const wake = (delayMs: number): void => {
    timer = setTimeout(() => void once(refreshInTime), Math.min(Math.max(delayMs, 0), MAX_TIMER_MS)).unref();
  };
  /** True: another process got other tokens, which are ours, too. */
  const adopt = (): boolean => {
    const stored = readCredential(deps, config.id);
    if (stored?.serverUrl !== serverUrl || stored.tokens === undefined) return false;
    if (stored.tokens.value.access_token === kept.tokens?.value.access_token) return false;
    kept = stored;
    use();
    return true;
  };
  const keep = (changes: Partial<KeptCredential>): void => {
    kept = { ...kept, ...changes };
    writeCredential(deps, config.id, kept);
    use();
  };
  /** One at a time: a refresh token that is used twice may cost the whole grant. */
  const once = (work: (signal: AbortSignal) => Promise<Renewal>): Promise<Renewal> => {
    running ??= work(AbortSignal.timeout(RENEW_MS))
      .catch((error: unknown): Renewal => {
        const problem = describeFailure(error);
        log.warn('cannot sign in at the server', { server: config.id, reason: problem });
        if (!isOver) keep({ problem });
        return { type: 'refused', hint: problem };
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };

  /** Of all processes one at a time, for the same reason: who comes second finds what the first one got. */
  const refresh = (discovery: OAuthDiscoveryState, fetchFn: FetchLike): Promise<Refreshed> =>
    deps.store
      .exclusively(config.id, SHARED_OWNER, async () => (adopt() ? 'renewed' : ask(discovery, fetchFn)))
      .catch((error: unknown): Refreshed => {
        log.warn('cannot refresh a token', { server: config.id, reason: describeFailure(error) });
        return 'unreachable';
      });
  const ask = async (discovery: OAuthDiscoveryState, fetchFn: FetchLike): Promise<Refreshed> => {
    const done = isOwnGrant
      ? await requestOwnToken({ config: config.oauth ?? {}, serverUrl, discovery, scope: kept.scope, fetchFn, now })
      : await refreshTokens({ log, now }, { config, kept, discovery, fetchFn });
    if (typeof done === 'string') return done;
    keep({ tokens: done, discovery, problem: undefined });
    return 'renewed';
  };
  const refreshInTime = async (signal: AbortSignal): Promise<Renewal> => {
    const { discovery } = kept;
    if (discovery === undefined) return { type: 'refused', hint: undefined };
    const done = await refresh(discovery, createGuardedFetch(serverUrl, signal));
    if ((done === 'unreachable' || done === 'unwelcome') && !isOver) wake(RETRY_MS);
    if (done === 'renewed' && isRefused) {
      isRefused = false;
      deps.onSignedIn(config.id);
    }
    // Rejected: the server will say so when the token has run out, and then a sign-in is prepared.
    return done === 'renewed' ? { type: 'renewed' } : { type: 'refused', hint: undefined };
  };

  const answer = async (challenge: AuthChallenge, signal: AbortSignal): Promise<Renewal> => {
    const sdk = await import('@modelcontextprotocol/client');
    const headers = challenge.wwwAuthenticate === undefined ? {} : { 'www-authenticate': challenge.wwwAuthenticate };
    const { error, scope, resourceMetadataUrl } = sdk.extractWWWAuthenticateParams(new Response(null, { headers }));
    const { tokens } = kept;
    const isStepUp = challenge.status === 403;
    if (isStepUp && error !== 'insufficient_scope') return { type: 'refused', hint: undefined };
    const wanted = isStepUp ? sdk.computeScopeUnion(kept.scope, tokens?.value.scope, scope) : scope;
    // Asked for already, and it was not enough: asking again would change nothing.
    if (isStepUp && !sdk.isStrictScopeSuperset(wanted, kept.scope))
      return { type: 'refused', hint: 'the server wants scopes that a sign-in has asked for already' };
    const hint = `sign in: portcullis login ${config.id}`;
    if (isStepUp && kept.signIn !== undefined && !sdk.isStrictScopeSuperset(wanted, kept.signIn.scope))
      return { type: 'refused', hint };
    const fetchFn = createGuardedFetch(serverUrl, signal);
    // Anew each time: the server may have moved to another authorization server.
    const discovery = await discover({ serverUrl, issuer: undefined }, resourceMetadataUrl, fetchFn);
    if (isOwnGrant) {
      if (tokens !== undefined && isFresh(tokens, now()) && !isStepUp)
        return { type: 'refused', hint: 'the server refuses what the client credentials bring' };
      kept = { ...kept, scope: wanted };
      const done = await refresh(discovery, fetchFn);
      if (done === 'renewed') return { type: 'renewed' };
      return { type: 'refused', hint: 'the client credentials brought no token' };
    }
    let isUseless = tokens?.value.issuer !== issuerOf(discovery);
    if (!isStepUp && !isUseless && tokens !== undefined && !isFresh(tokens, now())) {
      const done = await refresh(discovery, fetchFn);
      if (done === 'renewed') return { type: 'renewed' };
      isUseless = done === 'rejected' || done === 'forgotten';
      if (done === 'forgotten') keep({ client: undefined });
      if (done === 'unreachable' || done === 'unwelcome') {
        wake(RETRY_MS);
        return { type: 'refused', hint: WHY_LATER[done] };
      }
    }
    const stored = isUseless ? readCredential(deps, config.id) : undefined;
    // Registered anew, or forgotten, for a user meanwhile.
    if (stored?.serverUrl === serverUrl) kept = { ...kept, client: stored.client, redirectUrl: stored.redirectUrl };
    const redirectUrl = await deps.redirectUrl();
    const signIn = await prepareSignIn({
      ...{ config: config.oauth ?? {}, kept, redirectUrl, discovery, scope: wanted, fetchFn },
    });
    const { client } = signIn;
    keep({ client, redirectUrl, signIn, problem: undefined, ...(isUseless && { tokens: undefined }) });
    log.warn('the server wants a sign-in', { server: config.id, command: `portcullis login ${config.id}` });
    return { type: 'refused', hint };
  };

  use();
  return {
    serverUrl,
    serverName: config.name,
    get header() {
      return header;
    },
    renew(challenge) {
      if (isOver) return Promise.resolve({ type: 'refused', hint: undefined });
      // Somebody else has got another token meanwhile.
      if (header !== undefined && challenge.sent !== header) return Promise.resolve({ type: 'renewed' });
      if (adopt()) return Promise.resolve({ type: 'renewed' });
      if (challenge.status === 401) isRefused = true;
      const hint = deps.sealer.refusal();
      if (hint !== undefined) return Promise.resolve({ type: 'refused', hint });
      return once((signal) => answer(challenge, signal));
    },
    reread() {
      if (isOver || !adopt() || !isRefused) return;
      isRefused = false;
      deps.onSignedIn(config.id);
    },
    take(signIn, tokens) {
      isRefused = false;
      const { client, redirectUrl, discovery, scope } = signIn;
      keep({ client, redirectUrl, discovery, tokens, scope, signIn: undefined, problem: undefined });
    },
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
