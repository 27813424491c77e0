/** A pool of connections to PostgreSQL. The only place that knows its driver: every wait has a deadline, a lost connection is replaced. */

import type { ClientBase, ClientConfig, QueryResult as DriverResult, QueryConfig } from 'pg';
import type { Log } from '../../../contracts/log.ts';

export interface DatabaseOptions {
  /** `postgres://…`; TLS by its `sslmode`. */
  readonly url: string;
  /** Where our tables are; made if it is missing. Lower-case letters, digits, `_`. */
  readonly schema: string;
  /** Connections at most, besides one that listens. Default 10. */
  readonly poolSize?: number | undefined;
  /** A statement that takes longer is given up. Default 10,000. */
  readonly statementTimeoutMs?: number | undefined;
}

export interface Row {
  readonly [column: string]: unknown;
}

export interface QueryResult {
  readonly rows: readonly Row[];
  /** Rows that a statement wrote. */
  readonly changes: number;
}

/** Whole numbers come as numbers, JSON as values. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<QueryResult>;

export interface Database extends AsyncDisposable {
  readonly schema: string;
  readonly query: Query;
  /** All or nothing. When COMMIT gets no answer it rejects, and nobody knows which it was. */
  transaction<T>(work: (query: Query) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** A connection for one's own use, which has to be closed. */
  connect(): Promise<Connection>;
}

export interface TransactionOptions {
  /** In place of the pool's. */
  readonly statementTimeoutMs?: number | undefined;
  /** Sees everything as it was at its first statement, and writes nothing. Default false. */
  readonly isSnapshot?: boolean | undefined;
}

export interface Connection extends AsyncDisposable {
  readonly query: Query;
  onNotification(listener: (payload: string) => void): void;
  /** Once, when it is lost or closed. */
  onEnd(listener: () => void): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;
/** The server ends a statement in time; where it does not answer at all, we do. */
const ANSWER_GRACE_MS = 2_000;
const INT8_OID = 20;

/** Connects at the first query, not here. The driver is loaded only now: most gateways never need it. */
export async function openDatabase(options: DatabaseOptions, log: Pick<Log, 'warn'>): Promise<Database> {
  const { schema } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new RangeError(`no name of a schema: ${schema}`);
  const { default: pg } = await import('pg');
  const settings = clientSettings(options, pg.types.getTypeParser);
  const pool = new pg.Pool({ ...settings, max: options.poolSize ?? 10, idleTimeoutMillis: IDLE_TIMEOUT_MS });
  pool.on('error', (error) => log.warn('a connection to PostgreSQL was lost', { error: error.message }));
  // One that is lost between two statements of a transaction tells so by itself, and the next statement fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  let isOpen = true;

  return {
    schema,
    query: async (text, values) => toResult(await pool.query(text, [...(values ?? [])])),
    async transaction(work, { statementTimeoutMs, isSnapshot } = {}) {
      const client = await pool.connect();
      let lost: Error | undefined;
      try {
        await client.query(isSnapshot ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN');
        if (statementTimeoutMs !== undefined)
          await client.query(`SET LOCAL statement_timeout = ${Math.round(statementTimeoutMs)}`);
        const result = await work(queryOn(client, statementTimeoutMs && statementTimeoutMs + ANSWER_GRACE_MS));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        lost = await rollBack(client, error);
        throw error;
      } finally {
        client.release(lost);
      }
    },
    async connect() {
      const client = new pg.Client({ ...settings, application_name: listenerName(schema) });
      client.on('error', () => undefined);
      await client.connect();
      return {
        query: queryOn(client),
        onNotification: (listener) => void client.on('notification', ({ payload }) => listener(payload ?? '')),
        onEnd: (listener) => void client.once('end', listener),
        [Symbol.asyncDispose]: () => client.end(),
      };
    },
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      await pool.end();
    },
  };
}

/** By which a gateway that is running can be told from outside. */
export function listenerName(schema: string): string {
  return `portcullis-listen ${schema}`.slice(0, 63);
}

/** True for what the server itself said no to; false where it was not reached, or did not answer. */
export function isAnswer(error: unknown): boolean {
  // Class 57P: it is shutting down; 08: the connection; 53: it has no connection left.
  const isFromServer = error instanceof Error && 'severity' in error && 'code' in error;
  return isFromServer && !/^(57P|08|53)/.test(String(error.code));
}

type GetTypeParser = NonNullable<ClientConfig['types']>['getTypeParser'];

function clientSettings(
  { url, schema, statementTimeoutMs = 10_000 }: DatabaseOptions,
  getTypeParser: GetTypeParser,
): ClientConfig {
  return {
    connectionString: url,
    options: `-c search_path=${schema}`,
    application_name: 'portcullis',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
    // A transaction of ours never waits for anything else than the database.
    idle_in_transaction_session_timeout: 60_000,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === INT8_OID ? Number : getTypeParser(oid, format)) as GetTypeParser,
    },
  };
}

function queryOn(client: ClientBase, timeoutMs?: number): Query {
  return async (text, values) => {
    // The driver reads the timeout of a single query, too; its types do not know.
    const config: QueryConfig & { query_timeout?: number } = {
      ...{ text, values: [...(values ?? [])] },
      ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
    };
    return toResult(await client.query(config));
  };
}

function toResult({ rows, rowCount }: DriverResult): QueryResult {
  return { rows, changes: rowCount ?? 0 };
}

/** The reason why the connection cannot be used any more, if so. */
async function rollBack(client: ClientBase, error: unknown): Promise<Error | undefined> {
  const reason = error instanceof Error ? error : new Error(String(error));
  // After a timeout of our own an answer may still come, and would be taken for that of another statement.
  if (reason.message === 'Query read timeout' || (!isAnswer(error) && 'code' in reason)) return reason;
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch {
    return reason;
  }
}
