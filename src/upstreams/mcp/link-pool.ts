/** Links opened for one caller's client capabilities, or one user's credential: never shared, opened on first use, closed when idle. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import { type Era, LOG_LEVELS, type PeerReply, type PeerSession } from '../../contracts/peer.ts';
import { memberText } from '../../lib/json-text.ts';
import { type ClientScope, isDeclared } from './client-scope.ts';
import { pause } from './clock.ts';
import { type KeptLink, type LinkDeps, openKeptLink } from './kept-link.ts';
import { LinkOpenError, type ServerMessage } from './link.ts';
import { refuseQuestion } from './own-request.ts';

/** More than this per server and the one idle for longest is closed. For stdio servers each is a process. */
const MAX_LINKS = 16;
/** Where each is for one user, over HTTP. */
export const MAX_USER_LINKS = 500;
const IDLE_MS = 300_000;
/** Sessions remembered per link, most recent first; the rest can only be asked within their own calls. */
const MAX_SESSIONS = 64;

export interface LinkPool {
  /** The link of this scope if it is open; undefined: it has to be acquired. */
  ready(scope: ClientScope, session: PeerSession | undefined): KeptLink | undefined;
  /** Opens or finds the link of this scope and holds it: the caller must release it. Throws GatewayError. */
  acquire(scope: ClientScope, session: PeerSession | undefined, limitMs: number, signal: CallSignal): Promise<KeptLink>;
  /** Every link that is open now. */
  open(): readonly KeptLink[];
  /** Lets go of all links; new ones may be opened afterwards. */
  clear(drainMs: number): void;
  /** Ends it. A later call with 0 cuts the drain. */
  close(drainMs: number): Promise<void>;
}

interface Entry {
  readonly scope: ClientScope;
  readonly opening: Promise<KeptLink>;
  kept: KeptLink | undefined;
  waiting: number;
  cancelIdle: (() => void) | undefined;
  /** Most recently active first. */
  sessions: PeerSession[];
  /** Ends the listening for changes of their roots. */
  readonly roots: Map<PeerSession, () => void>;
}

export function createLinkPool(
  deps: LinkDeps,
  options: {
    readonly eraHint: () => Era | undefined;
    readonly onOpen: (kept: KeptLink) => void;
    readonly maxLinks?: number;
  },
): LinkPool {
  const { clock, config, log } = deps;
  const { maxLinks = MAX_LINKS } = options;
  const closed = new AbortController();
  const entries = new Map<string, Entry>();
  const ending = new Map<KeptLink, Promise<void>>();

  const remove = (entry: Entry, drainMs: number): void => {
    if (entries.get(entry.scope.key) === entry) entries.delete(entry.scope.key);
    entry.cancelIdle?.();
    for (const end of entry.roots.values()) end();
    entry.roots.clear();
    const { kept } = entry;
    if (kept === undefined) return;
    ending.set(
      kept,
      kept.close(drainMs).then(() => void ending.delete(kept)),
    );
  };
  const isIdle = (entry: Entry): boolean => entry.waiting === 0 && entry.kept !== undefined && entry.kept.busy === 0;
  /** One timer that looks again when it was too early, instead of one for each call. */
  const whenIdle = (entry: Entry, delayMs = IDLE_MS): void => {
    entry.cancelIdle ??= clock.schedule(delayMs, () => {
      entry.cancelIdle = undefined;
      if (!isIdle(entry)) return;
      const leftMs = (entry.kept?.lastUsedTicks ?? 0) + IDLE_MS - clock.ticks();
      if (leftMs > 0) whenIdle(entry, leftMs);
      else remove(entry, 0);
    });
  };
  /** Puts the session in front: it is the one that was active last. */
  const touch = (entry: Entry, session: PeerSession | undefined): void => {
    // A modern client can be asked only within its own calls.
    if (session === undefined || entry.sessions[0] === session) return;
    const others = entry.sessions.filter((known) => known !== session && !known.closed);
    entry.sessions = [session, ...others.slice(0, MAX_SESSIONS - 1)];
    for (const [known, end] of entry.roots) {
      if (entry.sessions.includes(known)) continue;
      end();
      entry.roots.delete(known);
    }
    if (entry.roots.has(session)) return;
    const tell = (): void => entry.kept?.link.notify('notifications/roots/list_changed', undefined);
    entry.roots.set(session, session.onRootsChanged(tell));
  };
  const makeRoom = (): void => {
    if (entries.size < maxLinks) return;
    let oldest: Entry | undefined;
    for (const entry of entries.values())
      if (isIdle(entry) && (oldest?.kept === undefined || (entry.kept?.lastUsedTicks ?? 0) < oldest.kept.lastUsedTicks))
        oldest = entry;
    if (oldest === undefined) throw new GatewayError('too_many', `server "${config.id}" has ${maxLinks} links in use`);
    remove(oldest, 0);
  };

  const create = (scope: ClientScope, session: PeerSession | undefined): Entry => {
    makeRoom();
    const { promise: opening, resolve, reject } = Promise.withResolvers<KeptLink>();
    // The session is known before the server can ask anything, which some do right after initialize.
    const entry: Entry = {
      scope,
      opening,
      kept: undefined,
      waiting: 0,
      cancelIdle: undefined,
      sessions: [],
      roots: new Map(),
    };
    touch(entry, session);
    entries.set(scope.key, entry);
    openKeptLink(deps, {
      capabilities: scope.capabilities,
      owner: scope.owner,
      eraHint: options.eraHint(),
      signal: closed.signal,
      onServerMessage: (message) => receive(entry, message),
      onLost(reason) {
        log.info('lost a link of one caller', { server: config.id, stage: reason.stage, error: reason.message });
        remove(entry, 0);
      },
      onIdle: () => whenIdle(entry),
    }).then(resolve, reject);
    opening.then(
      (kept) => {
        entry.kept = kept;
        if (entries.get(scope.key) !== entry) return remove(entry, 0);
        options.onOpen(kept);
        // Whoever asked for it may have gone away meanwhile.
        whenIdle(entry);
      },
      () => remove(entry, 0),
    );
    return entry;
  };

  const receive = (entry: Entry, message: ServerMessage): void => {
    const open = entry.sessions.filter((session) => !session.closed);
    if (message.type === 'notification') {
      for (const session of open) if (wants(session, message)) session.notify(message.method, message.params);
      return;
    }
    const [session] = open;
    if (session === undefined || !isDeclared(entry.scope.capabilities, message.method)) {
      refuseQuestion(message);
      return;
    }
    const limit = new AbortController();
    const stop = (): void => limit.abort();
    const cancelLimit = clock.schedule(config.callTimeoutMs, stop);
    entry.kept?.overSignal.addEventListener('abort', stop, { once: true });
    session
      .ask(message.method, message.params, limit.signal)
      .catch(asReply)
      .then(message.answer)
      .catch((error: unknown) => log.debug('an answer could not be passed on', { server: config.id, error }))
      .finally(() => {
        cancelLimit();
        entry.kept?.overSignal.removeEventListener('abort', stop);
      });
  };

  return {
    ready(scope, session) {
      const entry = entries.get(scope.key);
      if (entry?.kept === undefined || entry.kept.over) return undefined;
      touch(entry, session);
      return entry.kept;
    },
    async acquire(scope, session, limitMs, signal) {
      if (closed.signal.aborted)
        throw new GatewayError('upstream_unavailable', `server "${config.id}" is being removed`);
      const entry = entries.get(scope.key) ?? create(scope, session);
      touch(entry, session);
      entry.waiting++;
      try {
        let failure: unknown;
        const opening = entry.opening.catch((error: unknown) => {
          failure = error;
        });
        if (entry.kept === undefined) await pause(clock, limitMs, { sooner: opening, signal });
        if (signal.aborted) throw new GatewayError('cancelled');
        if (failure !== undefined) throw asCallError(config.id, failure);
        if (entry.kept === undefined) throw new GatewayError('upstream_timeout', 'the link was not ready in time');
        if (entry.kept.over) throw new GatewayError('upstream_unavailable', 'the link was lost');
        entry.kept.hold();
        return entry.kept;
      } finally {
        entry.waiting--;
        if (isIdle(entry) && entries.get(scope.key) === entry) whenIdle(entry);
      }
    },
    open: () => [...entries.values()].flatMap((entry) => entry.kept ?? []),
    clear(drainMs) {
      for (const entry of [...entries.values()]) remove(entry, drainMs);
    },
    async close(drainMs) {
      closed.abort();
      const opening = [...entries.values()].map((entry) => entry.opening);
      for (const entry of [...entries.values()]) remove(entry, drainMs);
      if (drainMs === 0) for (const kept of ending.keys()) void kept.close(0);
      await Promise.allSettled([...opening, ...ending.values()]);
      await Promise.allSettled(ending.values());
    },
  };
}

/** Notifications that belong to no call: log messages by the session's level, and what ends an elicitation. */
function wants(
  session: PeerSession,
  message: { readonly method: string; readonly params: string | undefined },
): boolean {
  if (message.method === 'notifications/elicitation/complete') return true;
  if (message.method !== 'notifications/message') return false;
  if (session.logLevel === undefined || message.params === undefined) return true;
  const level = memberText(message.params, 'level') ?? '""';
  return LOG_LEVELS.findIndex((name) => JSON.stringify(name) === level) >= LOG_LEVELS.indexOf(session.logLevel);
}

function asReply(error: unknown): PeerReply {
  const code = error instanceof GatewayError ? error.code : 'internal';
  return { error: JSON.stringify({ code: ERRORS[code].rpcCode, message: ERRORS[code].text }) };
}

function asCallError(serverId: string, error: unknown): GatewayError {
  const cause = error instanceof LinkOpenError ? error.cause : undefined;
  if (cause instanceof GatewayError && cause.code === 'connection_required') return cause;
  const stage = error instanceof LinkOpenError ? error.stage : 'start';
  const needsAuth = error instanceof LinkOpenError && error.needsAuth;
  return new GatewayError(
    needsAuth ? 'upstream_needs_auth' : 'upstream_unavailable',
    `no link to server "${serverId}" could be opened for this client (${stage})`,
    { cause: error },
  );
}
