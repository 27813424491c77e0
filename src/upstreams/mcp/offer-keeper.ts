/** Keeps a server's offer current: when to list, one listing at a time, and what to do about a listing that failed. */

import type { ServerConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import type { Offer, OfferedTool } from '../../contracts/upstream.ts';
import { backoffMs, jitterMs } from '../../lib/backoff.ts';
import type { Clock } from './clock.ts';
import type { KeptLink } from './kept-link.ts';
import { compareOffers, type ListFailure, listOffer, type OfferList } from './list-offer.ts';

/** Notifications that come together cause one listing. */
const DEBOUNCE_MS = 50;
const RETRY = { firstMs: 1_000, maxMs: 30_000 };
/** A doubt about the server's health is looked into at most this often. */
const CHECK_MS = 30_000;

export interface OfferKeeper {
  readonly offer: Offer | undefined;
  /** Lists over this link now; a listing already under way on it is followed by another. Undefined: it went well. */
  list(kept: KeptLink): Promise<ListFailure | undefined>;
  /** Something changed on the server: lists soon. */
  changed(kept: KeptLink): void;
  /** Calls fail: lists soon, unless that was done lately. */
  check(kept: KeptLink): void;
  stop(): void;
}

export interface OfferKeeperDeps {
  readonly config: ServerConfig;
  readonly maxItems: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly nextRevision: () => number;
  /** The link that listings nobody asked for take. */
  readonly live: () => KeptLink | undefined;
  /** Tools that the server shows only to clients that can be asked; undefined: nobody wants to know. */
  readonly findMore:
    | ((known: readonly OfferedTool[], signal: AbortSignal) => Promise<readonly OfferedTool[]>)
    | undefined;
  readonly onOffer: (lists: readonly OfferList[]) => void;
  /** A listing is over, well (undefined) or not; `failuresInRow` counts this one. */
  readonly onListed: (kept: KeptLink, failure: ListFailure | undefined, failuresInRow: number) => void;
}

interface Run {
  readonly kept: KeptLink;
  readonly abort: AbortController;
  readonly done: Promise<ListFailure | undefined>;
  /** Asked for while this one was under way. */
  trailing: Promise<ListFailure | undefined> | undefined;
}

export function createOfferKeeper(deps: OfferKeeperDeps): OfferKeeper {
  const { clock, config, log } = deps;
  let offer: Offer | undefined;
  let run: Run | undefined;
  let cancelNext: (() => void) | undefined;
  let cancelSoon: (() => void) | undefined;
  let listedTicks = Number.NEGATIVE_INFINITY;
  let failuresInRow = 0;
  let stopped = false;
  /** Found the last time, and the tools it was found beside. */
  let more: readonly OfferedTool[] = [];
  let moreBeside: string | undefined;
  const finding = new AbortController();
  let isFinding = false;

  const list = (kept: KeptLink): Promise<ListFailure | undefined> => {
    if (stopped || kept.over) return Promise.resolve({ message: 'the link is over', kind: 'unreachable' });
    const current = run;
    if (current?.kept === kept) {
      current.trailing ??= current.done.then(() => list(kept));
      return current.trailing;
    }
    current?.abort.abort();
    cancelNext?.();
    cancelNext = undefined;
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    kept.overSignal.addEventListener('abort', stop, { once: true });
    const done = listOnce(kept, abort).finally(() => {
      kept.overSignal.removeEventListener('abort', stop);
      if (run !== started) return;
      run = undefined;
      // An abandoned listing must not be the last one.
      if (cancelNext === undefined) listAfter(config.refreshIntervalMs);
    });
    const started: Run = { kept, abort, trailing: undefined, done };
    run = started;
    return started.done;
  };

  const listOnce = async (kept: KeptLink, abort: AbortController): Promise<ListFailure | undefined> => {
    const faults: string[] = [];
    const warn = (fault: string): void => void faults.push(fault);
    const isPersonal = config.credentials === 'per-user';
    const options = { link: kept.link, maxItems: deps.maxItems, signal: abort.signal, warn, isPersonal };
    const before = offer === undefined ? undefined : { ...offer, tools: withoutMore(offer.tools) };
    const { draft: listed, failure } = await kept.use(() => listOffer(options, before)).catch(asListing);
    const draft = listed === undefined ? undefined : { ...listed, tools: withMore(listed.tools) };
    if (abort.signal.aborted || stopped)
      return failure ?? { message: 'the listing was abandoned', kind: 'unreachable' };
    // One line however many items are at fault: a hostile server must not flood the log.
    if (faults.length > 0)
      log.warn('some of what the server lists is left out', {
        server: config.id,
        count: faults.length,
        faults: faults.slice(0, 5),
      });
    if (draft !== undefined) {
      const lists = compareOffers(offer, draft);
      if (lists !== undefined) {
        offer = { revision: deps.nextRevision(), ...draft };
        deps.onOffer(lists);
      }
    }
    listedTicks = clock.ticks();
    failuresInRow = failure === undefined ? 0 : failuresInRow + 1;
    const waitMs =
      failure === undefined
        ? jitterMs(config.refreshIntervalMs, 0.1, clock.random)
        : backoffMs(failuresInRow - 1, RETRY, clock.random);
    listAfter(waitMs);
    deps.onListed(kept, failure, failuresInRow);
    if (failure === undefined && draft?.era === 'legacy') void findMore();
    return failure;
  };

  /** A tool that everybody is shown by now is one like any other. */
  const withMore = (tools: readonly OfferedTool[]): readonly OfferedTool[] => {
    if (more.length === 0) return tools;
    const names = new Set(tools.map(({ name }) => name));
    return [...tools, ...more.filter(({ name }) => !names.has(name))].slice(0, deps.maxItems);
  };
  /** In the background, once for each state of the tools: nothing waits for it, and what it cannot find is only missing. */
  const findMore = async (): Promise<void> => {
    if (deps.findMore === undefined || isFinding || offer === undefined) return;
    const known = withoutMore(offer.tools);
    const beside = known.map(({ text }) => text).join('\n');
    if (beside === moreBeside) return;
    isFinding = true;
    try {
      const found = await deps.findMore(known, finding.signal);
      if (stopped || offer === undefined) return;
      more = found;
      moreBeside = beside;
      const draft = { ...offer, tools: withMore(withoutMore(offer.tools)) };
      const lists = compareOffers(offer, draft);
      if (lists === undefined) return;
      offer = { ...draft, revision: deps.nextRevision() };
      deps.onOffer(lists);
    } catch (error) {
      if (!stopped) log.warn('tools for clients that can be asked could not be listed', { server: config.id, error });
    } finally {
      isFinding = false;
    }
  };

  const listAfter = (waitMs: number): void => {
    cancelNext?.();
    if (stopped) return;
    cancelNext = clock.schedule(waitMs, () => {
      cancelNext = undefined;
      const kept = deps.live();
      if (kept !== undefined) void list(kept);
    });
  };
  const soon = (kept: KeptLink): void => {
    cancelSoon ??= clock.schedule(DEBOUNCE_MS, () => {
      cancelSoon = undefined;
      void list(kept);
    });
  };

  return {
    get offer() {
      return offer;
    },
    list,
    changed: soon,
    check(kept) {
      if (clock.ticks() - listedTicks >= CHECK_MS) soon(kept);
    },
    stop() {
      stopped = true;
      finding.abort();
      run?.abort.abort();
      cancelNext?.();
      cancelSoon?.();
    },
  };
}

function withoutMore(tools: readonly OfferedTool[]): readonly OfferedTool[] {
  return tools.filter(({ forAskable }) => forAskable !== true);
}

/** Nothing but a mistake of ours leads here; the server is then as badly listed as if it had answered nonsense. */
function asListing(error: unknown): { readonly draft: undefined; readonly failure: ListFailure } {
  return { draft: undefined, failure: { message: `the list could not be read: ${String(error)}`, kind: 'answer' } };
}
