/** The connection to Redis: scripts by their hash, a deadline for each, and never a queue for when it is away. */

import { hash } from 'node:crypto';
import type { Log } from '../../../contracts/log.ts';
import type { Secret } from '../../../contracts/secret.ts';

export interface RedisOptions {
  /** `redis://` or `rediss://` (TLS), with user and password where there are any. */
  readonly url: Secret;
  /** Longest wait for an answer, and for the connection at the start. */
  readonly timeoutMs: number;
  readonly log?: Log | undefined;
}

export interface RedisConnection extends AsyncDisposable {
  /** Rejects at once while there is no connection. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** What it resolves to within the deadline; undefined: it failed, or is late, of which `onLate` hears. */
  within<T>(promise: Promise<T>, onLate: () => void): Promise<T | undefined>;
  /** Hears of each connection that is made. Returns how to stop. */
  onReady(listener: () => void): () => void;
}

/** Longest pause between two tries to connect. */
const MAX_PAUSE_MS = 2_000;

/** Resolves also if Redis cannot be reached yet: it goes on trying. Throws RangeError for an address that is none. */
export async function openRedis({ url, timeoutMs, log }: RedisOptions): Promise<RedisConnection> {
  if (!/^rediss?:\/\/./.test(url.open()))
    throw new RangeError('the address of Redis begins with redis:// or rediss://');
  // Loaded only now: most gateways never need it.
  const { Redis } = await import('ioredis');
  const client = new Redis(url.open(), {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    // What cannot be answered now is the caller's to decide about.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(MAX_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10)),
  });
  let isLost = false;
  client.on('error', (error: Error) => {
    if (!isLost) log?.error('Redis cannot be reached', { error: error.message });
    isLost = true;
  });
  client.on('ready', () => {
    if (isLost) log?.info('Redis is there again');
    isLost = false;
  });
  /** By their text, SHA-1: those that Redis has seen. */
  const scripts = new Map<string, string>();

  const within = async <T>(promise: Promise<T>, onLate: () => void): Promise<T | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        onLate();
        resolve(undefined);
      }, timeoutMs);
    });
    try {
      return await Promise.race([promise.catch(() => undefined), late]);
    } finally {
      clearTimeout(timer);
    }
  };

  const connection: RedisConnection = {
    within,
    async run(script, keys, args) {
      // Sent before the first wait, so that what is sent first is done first.
      const known = scripts.get(script);
      if (known === undefined) {
        const answer = await client.eval(script, keys.length, ...keys, ...args);
        scripts.set(script, hash('sha1', script, 'hex'));
        return answer;
      }
      try {
        return await client.evalsha(known, keys.length, ...keys, ...args);
      } catch (error) {
        // Redis was restarted, or its scripts were flushed.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return client.eval(script, keys.length, ...keys, ...args);
      }
    },
    onReady(listener) {
      client.on('ready', listener);
      return () => client.off('ready', listener);
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
  await within(client.connect(), () => undefined);
  return connection;
}
