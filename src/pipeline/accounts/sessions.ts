/** Sessions of people: found by a cookie, believed only as long as their user is what it was when they began. */

import type { AccountStore, BrowserRequest, Sessions, StoredSession } from '../../contracts/accounts.ts';
import type { LoginConfig } from '../../contracts/login-config.ts';
import type { AddressedRequest, Site } from '../../contracts/sign-ins.ts';
import { cookieOf, formTokenFor, hashOf, judgeForm, setCookie, siteOf } from './browser.ts';
import type { User, Users } from './users.ts';

export interface SessionDeps {
  readonly store: AccountStore;
  readonly users: Users;
  readonly login: () => LoginConfig;
  readonly publicUrl: () => string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 256 random bits, base64url. */
  readonly newSecret: () => string;
  /** 16 random hex digits. */
  readonly newHex: () => string;
}

export interface SessionBook extends Sessions {
  /** Begins one in place of whatever session the browser has. Returns its Set-Cookie value. */
  begin(
    request: AddressedRequest,
    site: Site,
    user: User,
    by: { readonly provider: string | undefined; readonly sealed: string | undefined },
  ): Promise<string>;
  /** The session of the cookie, if it has not ended. */
  current(request: BrowserRequest): Promise<StoredSession | undefined>;
}

/** Writing down every use would be a write with every request. */
const TOUCH_MS = 60_000;
const MAX_USER_AGENT_CHARS = 300;

export function createSessions(deps: SessionDeps): SessionBook {
  const { store, users, login, now } = deps;
  const site = (request: BrowserRequest): Site | undefined => siteOf(request, deps.publicUrl());
  const secretOf = (request: BrowserRequest): string | undefined => cookieOf(request, 'session', site(request));

  const isOver = (session: StoredSession): boolean =>
    session.endsAtMs <= now() || session.lastSeenAtMs + login().session.idleMs <= now();

  const current = async (request: BrowserRequest): Promise<StoredSession | undefined> => {
    const secret = secretOf(request);
    const session = secret === undefined ? undefined : await store.findSession(hashOf(secret));
    if (session === undefined) return undefined;
    if (!isOver(session)) return session;
    await store.endSession(session.userId, session.id);
    return undefined;
  };

  return {
    current,
    async find(request) {
      const session = await current(request);
      if (session === undefined) return undefined;
      const user = await users.find(session.userId);
      // Whoever has got another role signs in anew, and nobody keeps rights by an open window.
      if (user === undefined || !user.body.isActive || user.body.role !== session.role) {
        await store.endSession(session.userId, session.id);
        return undefined;
      }
      if (now() - session.lastSeenAtMs >= TOUCH_MS) await store.touchSession(session.id, now());
      return { type: 'user', id: user.id, name: user.body.name, role: user.body.role, sessionId: session.id };
    },
    csrfToken(request) {
      const secret = secretOf(request);
      return secret === undefined ? undefined : formTokenFor(secret);
    },
    checkCsrf(request, token) {
      const given = token ?? request.header('x-portcullis-csrf');
      return judgeForm(request, site(request), secretOf(request), given);
    },
    async list(userId) {
      const sessions = (await store.listSessions(userId)).filter((session) => !isOver(session));
      return sessions.map(({ hash: _hash, role: _role, sealed: _sealed, ...info }) => info);
    },
    end: (userId, sessionId) => store.endSession(userId, sessionId),
    endAll: (userId) => store.endSessions(userId),
    async begin(request, from, user, { provider, sealed }) {
      const before = await current(request);
      if (before !== undefined) await store.endSession(before.userId, before.id);
      const secret = deps.newSecret();
      const { maxMs, idleMs } = login().session;
      const nowMs = now();
      await store.sweep(nowMs, nowMs - idleMs);
      await store.addSession({
        ...{ id: `ses_${deps.newHex()}`, hash: hashOf(secret), userId: user.id, role: user.body.role },
        ...{ createdAtMs: nowMs, lastSeenAtMs: nowMs, endsAtMs: nowMs + maxMs, provider, sealed },
        address: request.remoteAddress,
        userAgent: request.header('user-agent')?.slice(0, MAX_USER_AGENT_CHARS),
      });
      return setCookie('session', from, secret, maxMs);
    },
  };
}
