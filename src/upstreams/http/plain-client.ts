/** The client for `http:` origins: HTTP/1.1 over node:net, a pool of connections per origin, no pipelining. */

import { Connection, PlainExchange } from './connection.ts';
import type { HttpClient, HttpRequest } from './exchange.ts';
import { ImpossibleRequestError, writeHead } from './request-head.ts';
import type { HeadMemo } from './response-reader.ts';

const SWEEP_MS = 1_000;
/** One read takes what one write of a server of 100 KB left in the socket. */
const READ_BYTES = 262_144;
/** Where a read is under way before its bytes are there (Windows), connections cannot share a buffer. */
const OWN_READ_BYTES = 65_536;

interface Pool {
  readonly hostname: string;
  readonly port: number;
  readonly host: string;
  readonly memo: HeadMemo;
  readonly connections: Set<Connection>;
  /** The one used last is used next, so that what is not needed grows old. May hold some that are gone meanwhile. */
  idle: Connection[];
  /** How many came to rest in this turn of the event loop, and are idle from the next one on. */
  rested: number;
}

interface Due {
  readonly pool: Pool;
  readonly exchange: PlainExchange;
}

interface Rested {
  readonly pool: Pool;
  readonly connection: Connection;
}

/**
 * Requests leave at the end of the turn of the event loop in which they came, and only on connections that have rested
 * for a whole turn: so the sockets were looked at in between, and what had reached us on an idle one (its end, a reset,
 * bytes nobody asked for) has been noticed. A request that meets the server's close on the way has `sent: true`:
 * nobody can know whether it was read.
 */
export function createPlainClient(options: { readonly connectTimeoutMs: number }): HttpClient {
  const pools = new Map<string, Pool>();
  const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BYTES);
  let due: Due[] = [];
  let rested: Rested[] = [];
  let isTurnEndDue = false;
  let sweeper: NodeJS.Timeout | undefined;
  let isClosed = false;

  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      const { hostname, port, host } = new URL(origin);
      const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
      const memo = { text: '', head: undefined };
      pool = {
        hostname: bare,
        port: port === '' ? 80 : Number(port),
        host,
        memo,
        connections: new Set(),
        idle: [],
        rested: 0,
      };
      pools.set(origin, pool);
      sweeper ??= setInterval(sweep, SWEEP_MS).unref();
    }
    return pool;
  };

  const sweep = (): void => {
    const nowMs = performance.now();
    for (const [origin, pool] of pools) {
      for (const connection of pool.idle) if (connection.idleUntilMs <= nowMs) connection.destroy();
      pool.idle = pool.idle.filter((connection) => !connection.isGone);
      if (pool.connections.size === 0 && !isTurnEndDue) pools.delete(origin);
    }
    if (pools.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };

  const takeIdle = (pool: Pool, nowMs: number): Connection | undefined => {
    for (;;) {
      const connection = pool.idle.pop();
      if (connection === undefined || (!connection.isGone && connection.idleUntilMs > nowMs)) return connection;
      connection.destroy();
    }
  };

  const open = (pool: Pool, exchange: PlainExchange): void => {
    const { hostname, port, memo, connections } = pool;
    const connection = new Connection(
      {
        ...{ hostname, port, memo, connectTimeoutMs: options.connectTimeoutMs },
        buffer: shared ?? Buffer.allocUnsafeSlow(OWN_READ_BYTES),
        onIdle(idle) {
          pool.rested++;
          rested.push({ pool, connection: idle });
          endTurn();
        },
        onGone: (gone) => connections.delete(gone),
      },
      exchange,
    );
    connections.add(connection);
  };

  /** Runs right after the event loop has looked at all sockets. */
  const onTurnEnd = (): void => {
    isTurnEndDue = false;
    const batch = due;
    due = [];
    const nowMs = performance.now();
    for (const next of batch) {
      const { pool, exchange } = next;
      if (exchange.isOver) continue;
      const connection = takeIdle(pool, nowMs);
      if (connection !== undefined) connection.start(exchange);
      // Sooner than a new connection stands, one that has just come to rest can be used.
      else if (pool.rested > 0) {
        pool.rested--;
        due.push(next);
      } else open(pool, exchange);
    }
    for (const { pool, connection } of rested) {
      pool.rested = 0;
      if (!connection.isGone) pool.idle.push(connection);
    }
    rested = [];
    if (due.length > 0) endTurn();
  };
  const endTurn = (): void => {
    if (isTurnEndDue) return;
    isTurnEndDue = true;
    setImmediate(onTurnEnd);
  };

  return {
    send(request, listener) {
      const exchange = new PlainExchange(listener);
      try {
        if (isClosed) throw new ImpossibleRequestError('the client is closed');
        const pool = poolOf(request.origin);
        render(request, pool.host, exchange);
        due.push({ pool, exchange });
        endTurn();
      } catch (error) {
        const reason = error instanceof Error ? error : new Error(String(error));
        queueMicrotask(() => exchange.fail(false, reason));
      }
      return exchange;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(sweeper);
      for (const { exchange } of due) exchange.fail(false, new Error('the client was closed'));
      for (const pool of pools.values()) for (const connection of pool.connections) connection.destroy();
      pools.clear();
    },
  };
}

/** Without a body these say that its length is 0 (RFC 9110, 8.6). */
const USUALLY_WITH_BODY: ReadonlySet<HttpRequest['method']> = new Set(['POST', 'PUT', 'PATCH']);

/** A piece this long or shorter is copied behind the head instead of being sent beside it. */
const SMALL_PIECE_BYTES = 2_048;

function withHead(head: string, [first, ...others]: readonly Buffer[]): readonly Buffer[] {
  if (first === undefined) return [Buffer.from(head, 'latin1')];
  if (first.length > SMALL_PIECE_BYTES) return [Buffer.from(head, 'latin1'), first, ...others];
  const together = Buffer.allocUnsafe(head.length + first.length);
  together.write(head, 'latin1');
  first.copy(together, head.length);
  return [together, ...others];
}

function bytesOf(body: string | Buffer | readonly Buffer[]): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (Buffer.isBuffer(body)) return body.length;
  let bytes = 0;
  for (const piece of body) bytes += piece.length;
  return bytes;
}

/** Puts head and body together, so that they leave in one write. */
function render(request: HttpRequest, host: string, exchange: PlainExchange): void {
  const { method, path, fixedHeaders, headers, body } = request;
  const bodyBytes = body === undefined ? (USUALLY_WITH_BODY.has(method) ? 0 : undefined) : bytesOf(body);
  const head = writeHead({ method, path, host, fixedHeaders, headers, bodyBytes });
  exchange.isHead = method === 'HEAD';
  if (body === undefined) exchange.bytes = head;
  else if (typeof body !== 'string') {
    exchange.bytes = withHead(head, Buffer.isBuffer(body) ? [body] : body);
  } else if (bodyBytes === body.length)
    // Nothing but ASCII, which is the same in Latin-1, as is the head.
    exchange.bytes = head + body;
  else exchange.bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body, 'utf8')]);
}
