/** What the outbound client is asked, and what it says: the words between it and whoever speaks to a server through it. */

import type { IncomingHttpHeaders } from 'node:http';
import type { FixedHeaders } from './request-head.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Headers that are the same in many requests, checked and written out once; they come first. */
  readonly fixedHeaders?: FixedHeaders;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Pieces are sent one after the other as they are; whoever gives them never changes them. */
  readonly body: string | Buffer | readonly Buffer[] | undefined;
}

/** Why an exchange ended early, and whether the request may have reached the server. */
export interface HttpFailure {
  /** False: not a byte of the request was written. */
  readonly sent: boolean;
  readonly error: Error;
}

/** Called in order; exactly one of `onEnd` and `onFailure` comes last, and nothing after `abort()`. */
export interface HttpListener {
  /** True: `onData` keeps no chunk after it returned, so the bytes need not be copied out of the buffer they were read into. */
  readonly borrowsData?: boolean;
  onHead(status: number, headers: IncomingHttpHeaders): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(failure: HttpFailure): void;
}

export interface HttpExchange {
  /** Ends the exchange; an answer under way costs its connection. No listener method is called any more. */
  abort(): void;
}

/** Redirects are not followed, cookies not kept, nothing is retried. */
export interface HttpClient extends AsyncDisposable {
  send(request: HttpRequest, listener: HttpListener): HttpExchange;
}
