/** Keeps the one shared link of a server up: opens it, notices its loss, tries again with growing waits, swaps it. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Era } from '../../contracts/peer.ts';
import { backoffMs, jitterMs } from '../../lib/backoff.ts';
import { type KeptLink, type LinkDeps, type LostReason, openKeptLink } from './kept-link.ts';
import { LinkOpenError, type OnProblems, type ServerMessage } from './link.ts';
import { refuseQuestion } from './own-request.ts';

/** Retries before a server counts as failed, and their waits. */
const RETRIES = 5;
const RETRY = { firstMs: 1_000, maxMs: 30_000 };
/** A failed server is tried on, between 30 and 60 s apart. */
const HEAL_MS = 45_000;
/** What nobody but a person can mend (no such command, 4xx) is tried rarely. */
const REJECTED = { firstMs: 60_000, maxMs: 300_000 };
const AUTH_RETRY_MS = 300_000;
/** The first try after a loss comes almost at once … */
const LOST_RETRY_MS = 100;
/** … unless the link was lost so soon after it was opened that the server seems to be crashing in a loop. */
const STABLE_MS = 10_000;
/** Losses in flight on a replaced link are avoided by waiting this long for its users. */
export const DRAIN_MS = 30_000;
/** A cached legacy verdict would never correct itself, since upgraded servers still answer `initialize`. */
const LEGACY_HINT_MS = 3_600_000;

export type SharedPhase = 'connecting' | 'live' | 'failed' | 'needs_auth' | 'closed';

export interface SharedLink {
  readonly phase: SharedPhase;
  readonly live: KeptLink | undefined;
  /** Links opened after the first. */
  readonly restarts: number;
  readonly eraHint: Era | undefined;
  /** Opens the first link; later: tries at once instead of waiting for the next retry. Resolves when that is over. */
  retryNow(): Promise<void>;
  /** The live link, waiting for it while it is being opened. Throws GatewayError naming the state. */
  whenLive(limitMs: number, signal: CallSignal | undefined): Promise<KeptLink>;
  /** Gives a link up that still looks alive, and opens another. */
  giveUp(kept: KeptLink, reason: LostReason, options?: { needsAuth: boolean }): void;
  /** Opens another link, lets `prepare` try it, and only then lets go of this one. False: nothing changed. */
  replace(prepare: (kept: KeptLink) => Promise<boolean>): Promise<boolean>;
  close(drainMs: number): Promise<void>;
}

export interface SharedLinkEvents {
  /** A link is there for calls. */
  readonly onUp: (kept: KeptLink) => void;
  /** Something failed, or the phase changed; `failure` undefined means: only the phase. */
  readonly onChange: (failure: LostReason | undefined) => void;
  readonly onMessage: (kept: KeptLink, message: ServerMessage) => void;
  readonly onProblems: OnProblems;
}

export function createSharedLink(deps: LinkDeps, events: SharedLinkEvents): SharedLink {
  const { clock, config, log } = deps;
  const closed = new AbortController();
  const waiters = new Set<() => void>();
  /** Links on their way out, and until when. */
  const ending = new Map<KeptLink, Promise<void>>();
  let phase: SharedPhase = 'connecting';
  let live: KeptLink | undefined;
  let failures = 0;
  let rejections = 0;
  let opened = 0;
  let era: { readonly value: Era; readonly ticks: number } | undefined;
  let cancelRetry: (() => void) | undefined;
  let opening: Promise<unknown> | undefined;

  const enter = (next: SharedPhase, failure?: LostReason): void => {
    phase = next;
    events.onChange(failure);
    for (const wake of [...waiters]) wake();
  };
  const drop = (kept: KeptLink, drainMs: number): void => {
    const done = kept.close(drainMs).then(() => void ending.delete(kept));
    ending.set(kept, done);
  };
  const tryAfter = (delayMs: number): void => {
    cancelRetry?.();
    cancelRetry = clock.schedule(delayMs, () => {
      cancelRetry = undefined;
      begin();
    });
  };
  const eraHint = (): Era | undefined =>
    era?.value === 'legacy' && clock.ticks() - era.ticks > LEGACY_HINT_MS ? undefined : era?.value;

  const open = async (): Promise<KeptLink> => {
    let kept: KeptLink | undefined;
    const hint = eraHint();
    kept = await openKeptLink(deps, {
      capabilities: '{}',
      eraHint: hint,
      signal: closed.signal,
      onServerMessage(message) {
        if (kept !== undefined && kept === live) events.onMessage(kept, message);
        else if (message.type === 'request') refuseQuestion(message);
      },
      onProblems(problems, failure) {
        if (kept !== undefined && kept === live) events.onProblems(problems, failure);
      },
      onLost(reason) {
        if (kept !== undefined) onLost(kept, reason);
      },
    });
    if (kept.link.era !== hint) era = { value: kept.link.era, ticks: clock.ticks() };
    return kept;
  };
  const adopt = (kept: KeptLink): void => {
    live = kept;
    opened++;
    rejections = 0;
    cancelRetry?.();
    cancelRetry = undefined;
    enter('live');
    events.onUp(kept);
  };
  const attempt = async (): Promise<void> => {
    try {
      const kept = await open();
      if (isClosed() || live !== undefined) drop(kept, 0);
      else adopt(kept);
    } catch (error) {
      if (!isClosed() && live === undefined) retryAfter(asOpenError(error));
    }
  };
  /** One opening at a time; afterwards makes sure that a loss in the meantime has not been forgotten. */
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    const running = work();
    opening = running;
    try {
      return await running;
    } finally {
      opening = undefined;
      if (phase === 'connecting' && live === undefined && cancelRetry === undefined) tryAfter(LOST_RETRY_MS);
    }
  };
  const begin = (): void => {
    if (opening === undefined && live === undefined && !isClosed()) void exclusively(attempt);
  };
  const isClosed = (): boolean => phase === 'closed';
  const retryAfter = (error: LinkOpenError): void => {
    const failure = { stage: error.stage, message: error.message };
    log.warn('cannot open a link', { server: config.id, stage: error.stage, error });
    if (error.needsAuth) {
      tryAfter(jitterMs(AUTH_RETRY_MS, 0.1, clock.random));
      enter('needs_auth', failure);
    } else if (!error.transient) {
      tryAfter(backoffMs(rejections++, REJECTED, clock.random));
      enter('failed', failure);
    } else retryTransient(failure);
  };
  const retryTransient = (failure: LostReason): void => {
    if (failures >= RETRIES) {
      tryAfter(jitterMs(HEAL_MS, 1 / 3, clock.random));
      enter('failed', failure);
      return;
    }
    tryAfter(backoffMs(failures++, RETRY, clock.random));
    // A server that has failed stays failed until it is back, not each time it is tried.
    enter(phase === 'live' ? 'connecting' : phase, failure);
  };
  const onLost = (kept: KeptLink, reason: LostReason): void => {
    drop(kept, DRAIN_MS);
    if (kept !== live || isClosed()) return;
    log.warn('lost the link', { server: config.id, stage: reason.stage, error: reason.message });
    live = undefined;
    const wasStable = clock.ticks() - kept.openedTicks >= STABLE_MS;
    if (wasStable) failures = 0;
    if (failures === 0) {
      failures = wasStable ? 0 : 1;
      tryAfter(jitterMs(LOST_RETRY_MS, 0.2, clock.random));
      enter('connecting', reason);
    } else retryTransient(reason);
  };

  const refusal = (): GatewayError =>
    phase === 'needs_auth'
      ? new GatewayError('upstream_needs_auth', `server "${config.id}" is in state needs_auth`)
      : new GatewayError('upstream_unavailable', `server "${config.id}" is ${stateWord(phase)}`);

  return {
    get phase() {
      return phase;
    },
    get live() {
      return live;
    },
    get restarts() {
      return Math.max(0, opened - 1);
    },
    get eraHint() {
      return eraHint();
    },
    async retryNow() {
      if (live !== undefined) return;
      cancelRetry?.();
      cancelRetry = undefined;
      begin();
      await opening;
    },
    whenLive(limitMs, signal) {
      return new Promise((resolve, reject) => {
        const settle = (outcome: KeptLink | GatewayError | undefined): boolean => {
          if (outcome === undefined) return false;
          cancel();
          waiters.delete(look);
          signal?.removeEventListener('abort', onAbort);
          if (outcome instanceof GatewayError) reject(outcome);
          else resolve(outcome);
          return true;
        };
        const look = (): boolean => settle(live ?? (phase === 'connecting' ? undefined : refusal()));
        const onAbort = (): void => void settle(new GatewayError('cancelled'));
        const cancel = clock.schedule(limitMs, () => void settle(refusal()));
        if (signal?.aborted) onAbort();
        else if (!look()) {
          waiters.add(look);
          signal?.addEventListener('abort', onAbort);
        }
      });
    },
    giveUp(kept, reason, options) {
      if (kept !== live) return;
      if (options?.needsAuth === true) {
        live = undefined;
        drop(kept, DRAIN_MS);
        retryAfter(new LinkOpenError(reason.stage, reason.message, { transient: false, needsAuth: true }));
      } else onLost(kept, reason);
    },
    async replace(prepare) {
      const old = live;
      if (old === undefined || opening !== undefined) return false;
      return exclusively(async () => {
        try {
          const fresh = await open();
          const isGood = await prepare(fresh);
          if (!isGood || fresh.over || isClosed() || (live !== old && live !== undefined)) {
            drop(fresh, 0);
            return false;
          }
          adopt(fresh);
          drop(old, DRAIN_MS);
          return true;
        } catch (error) {
          log.warn('cannot replace the link', { server: config.id, error });
          return false;
        }
      });
    },
    async close(drainMs) {
      if (!isClosed()) enter('closed');
      closed.abort();
      cancelRetry?.();
      if (live !== undefined) drop(live, drainMs);
      live = undefined;
      if (drainMs === 0) for (const kept of ending.keys()) void kept.close(0);
      await Promise.allSettled([opening, ...ending.values()]);
    },
  };
}

function asOpenError(error: unknown): LinkOpenError {
  return error instanceof LinkOpenError ? error : new LinkOpenError('start', String(error), { transient: true });
}

function stateWord(phase: SharedPhase): string {
  return phase === 'connecting' ? 'not ready yet' : phase === 'closed' ? 'being removed' : `in state ${phase}`;
}
