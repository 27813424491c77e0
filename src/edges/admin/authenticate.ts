/** Who is behind an admin request: an admin token or a person's session, never both, and never a virtual key. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { AdminActor, AdminSessions } from '../../contracts/admin.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ObjectStore } from '../../contracts/objects.ts';
import type { AdminTokenBody } from '../../contracts/shapes/directory.ts';
import { createRateWindow } from '../../lib/rate-window.ts';
import type { Exchange } from '../http/exchange.ts';
import { listAll } from './pages.ts';

type UserActor = Extract<AdminActor, { readonly type: 'user' }>;

export interface AuthenticateDeps {
  readonly objects: Pick<ObjectStore, 'list'>;
  /** Undefined: people cannot sign in. */
  readonly sessions: AdminSessions | undefined;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

/** Beyond so many failures in the span they are answered otherwise; a valid credential always is let in. */
const MAX_FAILURES = 30;
const FAILURE_SPAN_MS = 60_000;
const TOKEN = /^pca_[A-Za-z0-9_-]{43}$/;

/** Rejects with GatewayError `unauthenticated`, `forbidden_origin`, `too_many_attempts`. */
export type Authenticate = (exchange: Exchange) => Promise<AdminActor>;

export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const failures = createRateWindow(FAILURE_SPAN_MS);
  const fail = (detail: string): GatewayError => {
    const nowMs = deps.monotonicMs();
    const retryAfterMs = failures.waitMs(1, MAX_FAILURES, nowMs);
    if (retryAfterMs === 0) {
      failures.add(1, nowMs);
      return new GatewayError('unauthenticated', detail);
    }
    return new GatewayError('too_many_attempts', undefined, { data: { retryAfterMs } });
  };

  return async (exchange) => {
    const token = presentedToken(exchange, fail);
    const session = await deps.sessions?.find(exchange);
    if (token !== undefined && session !== undefined)
      throw fail('the request has an admin token and a session; send one of them');
    if (session !== undefined) return checkSession(exchange, session, deps.sessions);
    if (token === undefined) throw fail('send an admin token as "Authorization: Bearer pca_…", or sign in');
    if (token.startsWith('pck_'))
      throw fail('this is a virtual key, which opens models and tools; the admin API takes admin tokens (pca_…)');
    const actor = TOKEN.test(token) ? await findToken(deps, token) : undefined;
    if (actor === undefined) throw fail('this admin token is unknown, expired or revoked');
    return actor;
  };
}

function presentedToken(exchange: Exchange, fail: (detail: string) => GatewayError): string | undefined {
  let token: string | undefined;
  try {
    token = exchange.credential?.token;
  } catch (error) {
    throw error instanceof GatewayError ? fail('two credentials were sent, or an empty one; send one') : error;
  }
  // What other APIs take keys in is none of ours.
  if (token !== undefined && exchange.credential?.source !== 'authorization')
    throw fail(`the admin API reads Authorization only, not ${exchange.credential?.source}`);
  return token;
}

function checkSession(exchange: Exchange, actor: UserActor, sessions: AdminSessions | undefined): AdminActor {
  if (exchange.method === 'GET' || exchange.method === 'HEAD')
    return { ...actor, csrfToken: sessions?.csrfToken(exchange) };
  const verdict = sessions?.checkCsrf(exchange);
  if (verdict?.allowed === false) throw new GatewayError('forbidden_origin', verdict.reason);
  return actor;
}

/** From the store each time: a token that somebody revoked, at whichever replica, is of no use any more. */
async function findToken({ objects, now }: AuthenticateDeps, token: string): Promise<AdminActor | undefined> {
  const presented = Buffer.from(hash('sha256', token, 'hex'), 'hex');
  const nowMs = now();
  const isOver = (ms: number | undefined): boolean => ms !== undefined && ms <= nowMs;
  for (const { id, body } of await listAll(objects, 'admin-token')) {
    const { name, role, secrets, expiresAtMs, revokedAtMs } = body as AdminTokenBody;
    const fits = secrets.some(
      (secret) => timingSafeEqual(Buffer.from(secret.hash, 'hex'), presented) && !isOver(secret.expiresAtMs),
    );
    if (fits)
      return revokedAtMs !== undefined || isOver(expiresAtMs) ? undefined : { type: 'admin-token', id, name, role };
  }
  return undefined;
}
