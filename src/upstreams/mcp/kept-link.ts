/** A link with what its keeper must know of it: who is using it, since when it is idle, whether it is over. */

import type { ServerConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import type { Era } from '../../contracts/peer.ts';
import type { ServerFailure } from '../../contracts/upstream.ts';
import { type Clock, pause } from './clock.ts';
import {
  type InProcessServer,
  type Link,
  LinkOpenError,
  type OnProblems,
  type OpenLink,
  type ServerMessage,
} from './link.ts';

/** Ending a process takes stdin, SIGTERM and SIGKILL in turn; after this long nobody waits for it any more. */
const CLOSE_LIMIT_MS = 10_000;
/** The opener keeps the start timeout itself; this much later it is given up on from outside. */
const OPEN_SLACK_MS = 1_000;

export type LostReason = Omit<ServerFailure, 'atMs'>;

export interface KeptLink {
  readonly link: Link;
  readonly openedTicks: number;
  readonly lastUsedTicks: number;
  /** How many are using it now. */
  readonly busy: number;
  /** Lost or being closed: nothing new may be begun on it. */
  readonly over: boolean;
  /** Aborted when it is over. */
  readonly overSignal: AbortSignal;
  /** Marks it as in use, until `release` is called once for it. */
  hold(): void;
  release(): void;
  use<T>(work: (link: Link) => Promise<T>): Promise<T>;
  /** Waits up to `drainMs` for its users, then closes. A later call with 0 cuts the wait. Never rejects. */
  close(drainMs: number): Promise<void>;
}

export interface LinkDeps {
  readonly openLink: OpenLink;
  readonly config: ServerConfig;
  readonly identity: { readonly name: string; readonly version: string };
  readonly maxMessageBytes: number;
  readonly inProcess: ReadonlyMap<string, InProcessServer>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LinkWish {
  readonly capabilities: string;
  /** The user it is opened for. */
  readonly owner?: string | undefined;
  readonly eraHint: Era | undefined;
  readonly signal: AbortSignal;
  /** May be called while the link is still being opened. */
  readonly onServerMessage: (message: ServerMessage) => void;
  readonly onProblems?: OnProblems;
  /** Only for a link that was handed out, and not closed by us. */
  readonly onLost: (reason: LostReason) => void;
  /** The last user let go of it. */
  readonly onIdle?: () => void;
}

/** Opens a link within the server's start timeout. Rejects with LinkOpenError only; a link that comes too late is closed. */
export async function openKeptLink(deps: LinkDeps, wish: LinkWish): Promise<KeptLink> {
  const { clock, config } = deps;
  const attempt = new AbortController();
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  const abandon = (why: string): void => {
    giveUp(new LinkOpenError('start', why, { transient: true }));
    attempt.abort();
  };
  const stop = (): void => abandon('stopped');
  const cancelLimit = clock.schedule(config.startTimeoutMs + OPEN_SLACK_MS, () =>
    abandon(`not ready within ${config.startTimeoutMs} ms`),
  );
  wish.signal.addEventListener('abort', stop, { once: true });
  if (wish.signal.aborted) stop();

  let kept: { readonly link: KeptLink; lose(): void } | undefined;
  let lostEarly: LostReason | undefined;
  const opening = (async () =>
    deps.openLink({
      config,
      capabilities: wish.capabilities,
      owner: wish.owner,
      identity: deps.identity,
      maxMessageBytes: deps.maxMessageBytes,
      log: deps.log,
      eraHint: wish.eraHint,
      inProcess: deps.inProcess,
      signal: attempt.signal,
      onServerMessage: wish.onServerMessage,
      onProblems: wish.onProblems,
      onLost(reason) {
        if (kept === undefined) lostEarly = reason;
        else if (!kept.link.over) {
          kept.lose();
          wish.onLost(reason);
        }
      },
    }))();
  try {
    const link = await Promise.race([opening, givenUp]);
    if (lostEarly !== undefined) throw new LinkOpenError(lostEarly.stage, lostEarly.message, { transient: true });
    kept = keepLink(deps, link, wish.onIdle);
    return kept.link;
  } catch (error) {
    const ended = opening.then(
      (late) => endLink(deps, late),
      () => {},
    );
    // Whoever closes the server wants to know that nothing is left running.
    if (wish.signal.aborted) await pause(clock, CLOSE_LIMIT_MS, { sooner: ended });
    throw error instanceof LinkOpenError
      ? error
      : new LinkOpenError('start', error instanceof Error ? error.message : String(error), {
          transient: true,
          cause: error,
        });
  } finally {
    cancelLimit();
    wish.signal.removeEventListener('abort', stop);
  }
}

async function endLink(deps: LinkDeps, link: Link): Promise<void> {
  const closing = (async () => link.close())().catch((error: unknown) =>
    deps.log.debug('closing a link failed', { server: deps.config.id, error }),
  );
  await pause(deps.clock, CLOSE_LIMIT_MS, { sooner: closing });
}

function keepLink(deps: LinkDeps, link: Link, onIdle: (() => void) | undefined): { link: KeptLink; lose(): void } {
  const { clock } = deps;
  const over = new AbortController();
  const drained = Promise.withResolvers<void>();
  const openedTicks = clock.ticks();
  let lastUsedTicks = openedTicks;
  let busy = 0;
  let closing: Promise<void> | undefined;
  const lose = (): void => over.abort();
  const release = (): void => {
    busy--;
    lastUsedTicks = clock.ticks();
    if (busy > 0) return;
    if (over.signal.aborted) drained.resolve();
    else onIdle?.();
  };
  const kept: KeptLink = {
    link,
    openedTicks,
    get lastUsedTicks() {
      return lastUsedTicks;
    },
    get busy() {
      return busy;
    },
    get over() {
      return over.signal.aborted;
    },
    overSignal: over.signal,
    hold() {
      busy++;
    },
    release,
    async use(work) {
      busy++;
      try {
        return await work(link);
      } finally {
        release();
      }
    },
    close(drainMs) {
      lose();
      if (busy === 0 || drainMs === 0) drained.resolve();
      closing ??= pause(clock, drainMs, { sooner: drained.promise }).then(() => endLink(deps, link));
      return closing;
    },
  };
  return { link: kept, lose };
}
