/** Signing in at an identity provider: what a browser began, it finishes, once; and signing out. */

import type { AccountStore, BrowserRequest, IdentityProvider } from '../../contracts/accounts.ts';
import type { Log } from '../../contracts/log.ts';
import type { IdentityProviderConfig, LoginConfig } from '../../contracts/login-config.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import type { SignIns, Site } from '../../contracts/sign-ins.ts';
import { cookieOf, formTokenFor, hashOf, judgeForm, setCookie, siteOf } from './browser.ts';
import type { Linked } from './link-user.ts';
import type { SessionBook } from './sessions.ts';

export interface ProviderSignInDeps {
  readonly store: AccountStore;
  readonly sessions: SessionBook;
  readonly link: (
    provider: IdentityProviderConfig,
    identity: Extract<Awaited<ReturnType<IdentityProvider['finish']>>, { readonly type: 'identified' }>,
  ) => Promise<Linked>;
  readonly login: () => LoginConfig;
  readonly open: (config: IdentityProviderConfig) => IdentityProvider;
  readonly publicUrl: () => string | undefined;
  readonly sealer: Sealer;
  readonly log: Log;
  readonly now: () => number;
  readonly newSecret: () => string;
}

/** From leaving for the provider to coming back. */
const SIGN_IN_MS = 600_000;
/** The cookie outlives what it is for: a form may stand open for a while. */
const BROWSER_COOKIE_MS = 86_400_000;
const CALLBACK_PATH = '/login/oidc/callback';
const AFTER_SIGN_OUT_PATH = '/login?signed-out=1';

interface Begun {
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly next: string;
  readonly origin: string;
}

const ANEW = 'This sign-in is unknown, used or too old. Please begin anew.';

export type ProviderSignIns = Pick<SignIns, 'formToken' | 'checkForm' | 'beginAt' | 'finishAt' | 'signOut'>;

export function createProviderSignIns(deps: ProviderSignInDeps): ProviderSignIns {
  const { store, sessions, login, sealer, log, now } = deps;
  const site = (request: BrowserRequest): Site | undefined => siteOf(request, deps.publicUrl());
  const configOf = (name: string): IdentityProviderConfig | undefined =>
    login().providers.find((each) => each.name === name);

  /** The browser's cookie, or a new one to set. */
  const browserOf = (request: BrowserRequest): { readonly secret: string; readonly cookie: string | undefined } => {
    const from = site(request);
    const known = cookieOf(request, 'browser', from);
    if (known !== undefined) return { secret: known, cookie: undefined };
    const secret = deps.newSecret();
    return { secret, cookie: from && setCookie('browser', from, secret, BROWSER_COOKIE_MS) };
  };

  return {
    formToken(request) {
      const { secret, cookie } = browserOf(request);
      return { token: formTokenFor(secret), cookie };
    },
    checkForm(request, token) {
      const from = site(request);
      return judgeForm(request, from, cookieOf(request, 'browser', from), token).allowed;
    },
    async beginAt(name, request, next) {
      const from = site(request);
      const config = configOf(name);
      if (from === undefined || config === undefined) return { type: 'unknown' };
      const { secret, cookie } = browserOf(request);
      try {
        const { url, state, nonce, codeVerifier } = await deps.open(config).begin(`${from.origin}${CALLBACK_PATH}`);
        const begun: Begun = { nonce, codeVerifier, next, origin: from.origin };
        await store.addSignIn(hashOf(state), {
          ...{ browserHash: hashOf(secret), provider: name, expiresAtMs: now() + SIGN_IN_MS },
          sealed: sealer.seal(JSON.stringify(begun), `sign-in:${hashOf(state)}`),
        });
        return { type: 'redirect', url, cookie };
      } catch (error) {
        log.warn('an identity provider cannot be used', { provider: name, error });
        return { type: 'unavailable', title: config.title };
      }
    },
    async finishAt(request, search) {
      const from = site(request);
      const secret = cookieOf(request, 'browser', from);
      const states = search.getAll('state');
      const state = states.length === 1 ? (states[0] ?? '') : '';
      if (from === undefined || secret === undefined || state === '') return { type: 'refused', reason: ANEW };
      const signIn = await store.takeSignIn(hashOf(state), now());
      const config = signIn && configOf(signIn.provider);
      const text = signIn && sealer.open(signIn.sealed, `sign-in:${hashOf(state)}`);
      if (signIn?.browserHash !== hashOf(secret) || config === undefined || text === undefined)
        return { type: 'refused', reason: ANEW };
      const { nonce, codeVerifier, next, origin } = JSON.parse(text) as Begun;
      const callbackUrl = new URL(`${origin}${CALLBACK_PATH}?${search.toString()}`);
      const result = await deps.open(config).finish(callbackUrl, { state, nonce, codeVerifier });
      if (result.type === 'unavailable') {
        log.warn('an identity provider cannot be used', { provider: config.name, problem: result.problem });
        return { type: 'unavailable', title: config.title };
      }
      if (result.type === 'refused') {
        log.warn('a sign-in at a provider failed', { provider: config.name, problem: result.problem });
        const reason =
          result.error === 'access_denied'
            ? `The sign-in at ${config.title} was cancelled or not allowed.`
            : `The sign-in at ${config.title} failed. Please try again.`;
        return { type: 'refused', reason };
      }
      const linked = await deps.link(config, result);
      if (linked.type === 'refused') {
        log.warn('a sign-in was refused', { provider: config.name, subject: result.subject, reason: linked.reason });
        return linked;
      }
      const cookie = await sessions.begin(request, from, linked.user, {
        provider: config.name,
        sealed: sealer.seal(result.idToken, `id-token:${config.name}`),
      });
      log.info('somebody signed in', {
        user: linked.user.body.name,
        with: config.name,
        address: request.remoteAddress,
      });
      return { type: 'signed-in', cookie, next };
    },
    async signOut(request) {
      const from = site(request) ?? { origin: '', isSecure: false };
      const session = await sessions.current(request);
      if (session !== undefined) await store.endSession(session.userId, session.id);
      const cookie = setCookie('session', from, '', 0);
      const config = session?.provider === undefined ? undefined : configOf(session.provider);
      const idToken = session?.sealed && sealer.open(session.sealed, `id-token:${session.provider}`);
      if (config === undefined || idToken === undefined || idToken === '') return { cookie, provider: undefined };
      const url = await deps.open(config).signOutUrl(idToken, `${from.origin}${AFTER_SIGN_OUT_PATH}`);
      return { cookie, provider: url === undefined ? undefined : { title: config.title, url } };
    },
  };
}
