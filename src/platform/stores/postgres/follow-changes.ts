/** Hears of what any replica changed: at once by NOTIFY, and by looking twice a second where that was lost. */

import type { Log } from '../../../contracts/log.ts';
import type { Connection, Database, Query } from './open-database.ts';

export const TOPICS = ['objects', 'definitions', 'credentials', 'approvals', 'runs'] as const;
export type Topic = (typeof TOPICS)[number];

export interface Changes extends AsyncDisposable {
  /** Returns how to stop. The listener must not throw. */
  on(topic: Topic, listener: () => void): () => void;
  /** Looks now: after a write of one's own. */
  look(): void;
}

const POLL_MS = 500;
const RECONNECT_MS = 2_000;

/** Moves the number of a topic on, within the transaction of what changed; writers of one topic queue here. Returns the last one. */
export async function moveOn(query: Query, schema: string, topic: Topic | 'trail', by = 1): Promise<number> {
  const { rows } = await query('UPDATE change_counter SET last = last + $2 WHERE topic = $1 RETURNING last', [
    topic,
    by,
  ]);
  if (topic !== 'trail') await query('SELECT pg_notify($1, $2)', [channelOf(schema), topic]);
  return Number(rows[0]?.last);
}

/** Follows until it is disposed of; `now` is the time to begin from. Rejects if the database cannot be read. */
export async function followChanges(database: Database, log: Pick<Log, 'warn' | 'info'>): Promise<Changes> {
  const listeners = new Map<Topic, Set<() => void>>(TOPICS.map((topic) => [topic, new Set()]));
  const closing = new AbortController();
  let seen = await readCounters(database.query);
  let running: Promise<void> | undefined;
  let again = false;
  let isCutOff = false;

  const lookOnce = async (): Promise<void> => {
    try {
      const now = await readCounters(database.query);
      if (isCutOff) log.info('PostgreSQL answers again');
      isCutOff = false;
      const before = seen;
      seen = now;
      for (const topic of TOPICS)
        if (before.get(topic) !== now.get(topic)) for (const listener of listeners.get(topic) ?? []) listener();
    } catch (error) {
      if (!isCutOff && !closing.signal.aborted)
        log.warn('PostgreSQL cannot be read: what others change is not heard of', { error: String(error) });
      isCutOff = true;
    }
  };
  const look = (): void => {
    if (closing.signal.aborted) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    running = lookOnce().finally(() => {
      running = undefined;
      if (!again) return;
      again = false;
      look();
    });
  };

  const poll = setInterval(look, POLL_MS).unref();
  let connection: Connection | undefined;
  let retry: NodeJS.Timeout | undefined;
  const listen = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    const reconnect = (): void => {
      connection = undefined;
      if (!closing.signal.aborted) retry = setTimeout(listen, RECONNECT_MS).unref();
    };
    try {
      const opened = await database.connect();
      if (closing.signal.aborted) return void (await opened[Symbol.asyncDispose]());
      connection = opened;
      opened.onEnd(reconnect);
      opened.onNotification(look);
      await opened.query(`LISTEN ${channelOf(database.schema)}`);
      look();
    } catch {
      // The looking goes on, and says what is wrong.
      if (connection === undefined) reconnect();
      else await close(connection);
    }
  };
  await listen();

  return {
    on(topic, listener) {
      // Its own, so that the same function may listen twice.
      const own = (): void => listener();
      listeners.get(topic)?.add(own);
      return () => void listeners.get(topic)?.delete(own);
    },
    look,
    async [Symbol.asyncDispose]() {
      closing.abort();
      clearInterval(poll);
      clearTimeout(retry);
      if (connection !== undefined) await close(connection);
      await running;
    },
  };
}

function channelOf(schema: string): string {
  return `portcullis_changes_${schema}`.slice(0, 63);
}

async function readCounters(query: Query): Promise<ReadonlyMap<string, number>> {
  const { rows } = await query('SELECT topic, last FROM change_counter');
  return new Map(rows.map(({ topic, last }) => [String(topic), Number(last)]));
}

async function close(connection: Connection): Promise<void> {
  try {
    await connection[Symbol.asyncDispose]();
  } catch {
    // It was lost.
  }
}
