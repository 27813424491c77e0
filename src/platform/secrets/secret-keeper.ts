/**
 * Values from outside the configuration: fetched when one is read, kept for a short while, and looked at again while it is
 * in force. A source that is down takes nothing away: the last good value stays.
 */

import type { Log } from '../../contracts/log.ts';
import {
  type FetchedSecret,
  SecretFailure,
  type SecretFetcher,
  type SecretFinding,
  type SecretRequest,
  type SecretSource,
  type SecretSourceConfig,
} from '../../contracts/secret-managers.ts';
import { jitterMs } from '../../lib/backoff.ts';
import { isDown, readSecret } from './read-secret.ts';

export interface SecretKeeper extends SecretFetcher, AsyncDisposable {
  /** What is in force from now on: looked at again in time, what is not named any more is forgotten. */
  follow(requests: readonly SecretRequest[], watcher: SecretWatcher): void;
}

export interface SecretWatcher {
  /** A value is another than the one handed out last: read the configuration again. */
  readonly onChange: () => void;
  readonly log: Log;
}

export interface SecretKeeperDeps {
  readonly createSource: (config: SecretSourceConfig) => SecretSource;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

interface Entry {
  readonly id: string;
  readonly request: SecretRequest;
  known: (FetchedSecret & { readonly atMs: number }) | undefined;
  /** What the configuration was read with last. */
  handedOut: string | undefined;
  failures: number;
  pending: Promise<FetchedSecret> | undefined;
  timer: NodeJS.Timeout | undefined;
}

const MAX_AT_ONCE = 8;
const MAX_ENTRIES = 2_000;
/** However long a source is down, it is asked again after this time, or its own if that is longer. */
const MAX_PAUSE_MS = 300_000;
/** A value that runs out is fetched again this long before. */
const MARGIN_MS = 5_000;
const MIN_PAUSE_MS = 1_000;
const MAX_TIMER_MS = 86_400_000;

export function createSecretKeeper({ createSource, now, random }: SecretKeeperDeps): SecretKeeper {
  const entries = new Map<string, Entry>();
  const sources = new Map<string, SecretSource>();
  const stopping = new AbortController();
  /** What was complained of already: sources that are down, secrets that cannot be had. */
  const complained = new Set<string>();
  let followed: ReadonlySet<string> = new Set();
  let watcher: SecretWatcher | undefined;

  const entryOf = (request: SecretRequest): Entry => {
    const id = `${request.source.fingerprint} ${request.path}`;
    const entry = entries.get(id) ?? {
      ...{ id, request, known: undefined, handedOut: undefined, failures: 0, pending: undefined, timer: undefined },
    };
    entries.set(id, entry);
    return entry;
  };
  const sourceOf = (config: SecretSourceConfig): SecretSource => {
    const source = sources.get(config.fingerprint) ?? createSource(config);
    sources.set(config.fingerprint, source);
    return source;
  };
  const forget = (isWanted: (id: string) => boolean): void => {
    for (const [id, entry] of entries) {
      if (isWanted(id)) continue;
      clearTimeout(entry.timer);
      entries.delete(id);
      complained.delete(id);
    }
    const used = new Set([...entries.values()].map(({ request }) => request.source.fingerprint));
    for (const [fingerprint, source] of sources) {
      if (used.has(fingerprint)) continue;
      sources.delete(fingerprint);
      complained.delete(fingerprint);
      void Promise.resolve(source[Symbol.asyncDispose]()).catch(() => undefined);
    }
  };

  /** Several who want one value at the same time wait for one reading. */
  const refresh = (entry: Entry): Promise<FetchedSecret> => {
    const { source, path } = entry.request;
    entry.pending ??= readSecret(sourceOf(source), path, {
      ...{ timeoutMs: source.timeoutMs, random, stopping: stopping.signal },
    })
      .then((fetched) => {
        entry.known = { ...fetched, atMs: now() };
        entry.failures = 0;
        if ([complained.delete(entry.id), complained.delete(source.fingerprint)].includes(true))
          watcher?.log.info('secrets can be fetched again', { source: source.type, path });
        return fetched;
      })
      .catch((error: SecretFailure) => {
        entry.failures++;
        complain(entry, error);
        throw error;
      })
      .finally(() => {
        entry.pending = undefined;
      });
    return entry.pending;
  };
  const complain = ({ id, request, known }: Entry, failure: SecretFailure): void => {
    const key = isDown(failure) ? request.source.fingerprint : id;
    if (watcher === undefined || known === undefined || stopping.signal.aborted || complained.has(key)) return;
    complained.add(key);
    watcher.log.warn('a secret cannot be fetched anew; the value before stays in force', {
      ...{ source: request.source.type, path: request.path, reason: failure.message },
    });
  };

  const isFresh = ({ known, request }: Entry): boolean =>
    known !== undefined &&
    now() < Math.min(known.atMs + request.source.cacheMs, known.expiresAtMs ?? Number.POSITIVE_INFINITY);

  const find = async (entry: Entry, down: Map<string, SecretFailure>): Promise<SecretFinding> => {
    const { fingerprint } = entry.request.source;
    let failure = down.get(fingerprint);
    if (!isFresh(entry) && failure === undefined)
      failure = await refresh(entry).then(
        () => undefined,
        (error: SecretFailure) => error,
      );
    // Whoever is down is not asked for each of a hundred values.
    if (failure !== undefined && isDown(failure)) down.set(fingerprint, failure);
    if (entry.known === undefined)
      return { type: 'failed', message: failure?.message ?? 'was not fetched', remedy: failure?.remedy };
    entry.handedOut = entry.known.value;
    return { type: 'value', value: entry.known.value };
  };

  const pauseOf = ({ request, known, failures }: Entry): number => {
    const { cacheMs } = request.source;
    const grown = failures === 0 ? cacheMs : Math.min(cacheMs * 2 ** Math.min(failures, 16), MAX_PAUSE_MS);
    const pauseMs = jitterMs(Math.max(grown, cacheMs), 0.1, random);
    const untilEndMs =
      known?.expiresAtMs === undefined || failures > 0 ? pauseMs : known.expiresAtMs - now() - MARGIN_MS;
    return Math.min(Math.max(Math.min(pauseMs, untilEndMs), Math.min(MIN_PAUSE_MS, cacheMs)), MAX_TIMER_MS);
  };
  const schedule = (entry: Entry): void => {
    clearTimeout(entry.timer);
    if (!followed.has(entry.id) || stopping.signal.aborted) return;
    entry.timer = setTimeout(() => void look(entry), pauseOf(entry)).unref();
  };
  const look = async (entry: Entry): Promise<void> => {
    // What can be wrong has been told by then.
    await refresh(entry).catch(() => undefined);
    const { id, known, handedOut, request } = entry;
    if (followed.has(id) && known !== undefined && known.value !== handedOut) {
      const { source, path } = request;
      watcher?.log.info('a secret has another value', { source: source.type, path, version: known.version });
      watcher?.onChange();
    }
    schedule(entry);
  };

  return {
    async fetchAll(requests) {
      if (entries.size > MAX_ENTRIES) forget((id) => followed.has(id));
      const wanted = requests.map(entryOf);
      const down = new Map<string, SecretFailure>();
      const findings: SecretFinding[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        for (let at = next++; at < wanted.length; at = next++) {
          const entry = wanted[at];
          if (entry !== undefined) findings[at] = await find(entry, down);
        }
      };
      await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
      return findings;
    },
    follow(requests, by) {
      watcher = by;
      const all = requests.map(entryOf);
      followed = new Set(all.map(({ id }) => id));
      forget((id) => followed.has(id));
      for (const entry of all) schedule(entry);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new SecretFailure('timeout', 'the gateway stops'));
      followed = new Set();
      for (const entry of entries.values()) clearTimeout(entry.timer);
      await Promise.all([...sources.values()].map((source) => source[Symbol.asyncDispose]()));
    },
  };
}
