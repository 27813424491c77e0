/** One HTTP request on its way through an edge: what every protocol edge gets from, and gives to, the HTTP server. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { Credential, Narrowing } from '../../contracts/caller.ts';
import type { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';

/** Headers of an answer, by name. */
export interface AnswerHeaders {
  readonly [name: string]: string;
}

/** An open server-sent-event answer. Writes are dropped once it is closed. */
export interface SseStream {
  readonly closed: boolean;
  /** One event; `id` and `retryMs` only where the revision has them. */
  send(data: string, options?: { event?: string; id?: string; retryMs?: number }): void;
  end(): void;
  /** The client went away, or `end` was called. */
  onClose(listener: () => void): void;
}

/** An open answer of bytes that somebody else framed. Writes are dropped once it is closed. */
export interface ByteSink {
  readonly closed: boolean;
  /** False: more is waiting than a reader should be given; go on after `drained()`. */
  write(chunk: Uint8Array | string): boolean;
  /** Resolves when what waits has left, or the client is gone. */
  drained(): Promise<void>;
  end(): void;
  /** Ends the connection in the middle of the answer, so that nobody takes it for whole. */
  destroy(): void;
  /** The client went away, or `end` was called. */
  onClose(listener: () => void): void;
}

export interface Exchange {
  readonly method: string;
  /** When the head of the request was complete; monotonic, milliseconds. */
  readonly receivedMs: number;
  /** Path without query, percent-decoded segment by segment. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Address of the other end of the connection, which may be a proxy's; undefined: it is gone. */
  readonly remoteAddress: string | undefined;
  /** One value of a header, lower-case name; undefined if absent. Throws GatewayError `invalid_request` if it is there twice. */
  header(name: string): string | undefined;
  /** All headers whose lower-case name starts with `prefix`. */
  headersWithPrefix(prefix: string): ReadonlyMap<string, string>;
  /** Values of `X-Forwarded-For` in the order they came, from all its lines; what anybody may have written. */
  readonly forwardedFor: readonly string[];
  /** What the client presented. Reading it throws GatewayError `unauthenticated` if there are two different ones. */
  readonly credential: Credential | undefined;
  /** `x-portcullis-servers` and `x-portcullis-tools`. */
  readonly narrowing: Narrowing;
  /** Aborted when the client closed the connection before the answer was complete. */
  readonly signal: CallSignal;
  /** What `signal` says now, without making one. */
  readonly gone: boolean;
  readonly answered: boolean;
  /** Reads the body once. Throws GatewayError `body_too_large`, `unsupported_media_type`, `parse_error` (not UTF-8). */
  body(): Promise<string>;
  /** `body` as bytes, which are UTF-8; at once if it has come in whole already. */
  jsonBytes(): Buffer | Promise<Buffer>;
  /** The body whatever its type, as bytes; otherwise like `body`. */
  bytes(): Promise<Buffer>;
  sendJson(status: number, body: JsonText, headers?: AnswerHeaders): void;
  /**
   * `sendJson` for a body whose UTF-8 stands ready. The pieces go out in order and are not copied: whoever gives them never
   * changes them, since several answers may be sending the same ones.
   */
  sendJsonBytes(status: number, pieces: readonly Uint8Array[], headers?: AnswerHeaders): void;
  /** Any other body, as UTF-8. */
  sendText(status: number, contentType: string, body: string, headers?: AnswerHeaders): void;
  sendEmpty(status: number, headers?: AnswerHeaders): void;
  /** Begins an event stream: 200, no caching, no proxy buffering, comment keep-alives every 15 s. */
  openSse(headers?: AnswerHeaders): SseStream;
  /** Begins an answer of unknown length, chunked; `headers` say what it is. The head leaves at once. */
  openBytes(status: number, headers: AnswerHeaders): ByteSink;
}

/** How errors look below a path, where no route could be asked: the path cannot be read, or its sender was turned away before. */
export interface ErrorDialect {
  /** Begins a request target, as sent: `/api/v1`. */
  readonly under: string;
  send(exchange: Exchange, error: GatewayError): void;
}

/**
 * Takes the request, or returns false to let the next route look at it; one that takes its time returns a promise, and
 * has taken it. Whatever it throws is rendered by the server.
 */
export type Route = (exchange: Exchange) => boolean | Promise<unknown>;
