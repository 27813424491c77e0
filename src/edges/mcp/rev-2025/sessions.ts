/** All legacy sessions: found only by their owner, bounded in number, ended when idle, when their key or endpoint is gone. */

import { randomBytes } from 'node:crypto';
import type { Endpoint, Gateway } from '../../../contracts/call.ts';
import type { Caller, Credential } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { type Door, openSession, type Session, type SessionDeps } from './session.ts';

const MAX_REPLAY_BYTES = 128 * 1024 * 1024;
const SWEEP_MS = 15_000;
/** How long `closeAll` waits for calls under way. */
const DRAIN_MS = 5_000;

export interface SessionsDeps {
  readonly gateway: Gateway;
  readonly limits: () => { readonly maxSessions: number; readonly sessionIdleMs: number };
  readonly now: () => number;
}

/** Who is asking, and where. */
export interface Visitor {
  readonly caller: Caller;
  readonly endpoint: Endpoint;
  readonly credential: Credential | undefined;
}

export interface Sessions {
  readonly size: number;
  /** Throws GatewayError `too_many` if every session is in use. */
  create(visitor: Visitor, door: Door): Session;
  /** Throws GatewayError `unknown_session`: gone, or another key's, endpoint's or door's; the client cannot tell which. */
  find(id: string, visitor: Visitor, door: Door): Session;
  /** Ends what is idle, and what its key or endpoint no longer permits. Runs every 15 s by itself. */
  sweep(): void;
  /** Ends all: at once what is idle, the others when their calls are answered or after five seconds. */
  closeAll(): Promise<void>;
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  switch (a.type) {
    case 'all':
      return b.type === 'all';
    case 'server':
      return b.type === 'server' && a.serverId === b.serverId;
    case 'toolset':
      return b.type === 'toolset' && a.toolset === b.toolset;
  }
}

export function createSessions({ gateway, limits, now }: SessionsDeps): Sessions {
  const sessions = new Map<string, Session>();
  let closing = false;
  let onEmpty: (() => void) | undefined;

  const onClose = (session: Session): void => {
    sessions.delete(session.id);
    if (sessions.size === 0) onEmpty?.();
  };
  /** While a drain is on, the last call's end ends the session; its answer is written before the next turn of the loop. */
  const onQuiet = (session: Session): void => {
    if (closing) setImmediate(() => session.close());
  };
  const deps: SessionDeps = { budget: { freeBytes: MAX_REPLAY_BYTES }, now, onClose, onQuiet };
  const isExpired = (session: Session): boolean => {
    if (session.idle) return now() - session.lastUsedMs > limits().sessionIdleMs;
    session.lastUsedMs = now();
    return false;
  };

  /**
   * Ends one session for one of this key: of a key that has more of them, else an idle one of its own. The greediest key
   * goes first, of its sessions an idle one, of those the longest unused; another's that has only a stream open may go, too.
   */
  const makeRoom = (keyId: string): void => {
    const counts = new Map<string, number>();
    for (const session of sessions.values()) counts.set(session.keyId, (counts.get(session.keyId) ?? 0) + 1);
    const count = (session: Session): number => counts.get(session.keyId) ?? 0;
    const own = counts.get(keyId) ?? 0;
    const isEligible = (session: Session): boolean =>
      session.keyId === keyId ? session.idle : count(session) > own && session.inFlight === 0;
    const goesBefore = (a: Session, b: Session): boolean => {
      if (count(a) !== count(b)) return count(a) > count(b);
      return a.idle === b.idle ? a.lastUsedMs < b.lastUsedMs : a.idle;
    };
    let first: Session | undefined;
    for (const session of sessions.values())
      if (isEligible(session) && (first === undefined || goesBefore(session, first))) first = session;
    if (first === undefined) throw new GatewayError('too_many', 'sessions');
    first.close();
  };

  const isPermitted = ({ credential, keyId, endpoint }: Session): boolean => {
    try {
      const caller = gateway.identify(credential);
      return caller.keyId === keyId && gateway.serves(endpoint, caller);
    } catch {
      return false;
    }
  };

  const sweep = (): void => {
    for (const session of [...sessions.values()]) {
      if (isExpired(session) || !isPermitted(session)) session.close();
      else session.sweep(now());
    }
  };
  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  return {
    get size() {
      return sessions.size;
    },
    create({ caller, endpoint, credential }, door) {
      if (closing) throw new GatewayError('too_many', 'the gateway is shutting down');
      if (sessions.size >= limits().maxSessions) makeRoom(caller.keyId);
      const id = randomBytes(24).toString('base64url');
      const session = openSession(deps, { id, door, caller, endpoint, credential });
      sessions.set(id, session);
      return session;
    },
    find(id, { caller, endpoint, credential }, door) {
      const session = sessions.get(id);
      if (
        session === undefined ||
        session.door !== door ||
        session.keyId !== caller.keyId ||
        !sameEndpoint(session.endpoint, endpoint)
      )
        throw new GatewayError('unknown_session');
      if (isExpired(session)) {
        session.close();
        throw new GatewayError('unknown_session');
      }
      session.lastUsedMs = now();
      session.credential = credential;
      return session;
    },
    sweep,
    async closeAll() {
      closing = true;
      clearInterval(timer);
      for (const session of [...sessions.values()]) if (session.inFlight === 0) session.close();
      if (sessions.size === 0) return;
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(() => {
          for (const session of [...sessions.values()]) session.close();
        }, DRAIN_MS);
        onEmpty = () => {
          clearTimeout(deadline);
          resolve();
        };
      });
    },
  };
}
