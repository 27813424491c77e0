/** The Exchange over Node's own request and response. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CallSignal } from '../../contracts/call-signal.ts';
import type { Credential, Narrowing } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import { Cancellation } from './cancellation.ts';
import type { AnswerHeaders, Exchange, SseStream } from './exchange.ts';
import { type HeaderList, headerNames, oneHeader, readCredential, readNarrowing } from './headers.ts';
import { openSse } from './open-sse.ts';
import { readBody } from './read-body.ts';

/** Path and query of a request. */
export interface Target {
  readonly segments: readonly string[];
  /** Without the question mark. */
  readonly search: string;
}

/** Splits a request target into decoded segments; one trailing slash is ignored. Throws GatewayError `invalid_request`. */
export function readTarget(target: string): Target {
  if (!target.startsWith('/')) throw new GatewayError('invalid_request', 'the request target must be a path');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const segments = path.slice(1).split('/');
  if (segments.at(-1) === '') segments.pop();
  const search = mark === -1 ? '' : target.slice(mark + 1);
  if (!path.includes('%')) return { segments, search };
  try {
    return { segments: segments.map(decodeURIComponent), search };
  } catch {
    throw new GatewayError('invalid_request', 'the path is not valid percent-encoding');
  }
}

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly maxBodyBytes: number;
  /** What was last presented on each connection. */
  readonly credentials: WeakMap<Socket, Credential>;
  /** Headers of every answer on this exchange (CORS); undefined: none. */
  readonly common: AnswerHeaders | undefined;
}

/**
 * What is costly and rarely asked for (abort signal, credential, narrowing, query) is made when first read. A class,
 * because a literal with getters gets a hidden class of its own each time, which keeps its whole request from being
 * collected young and every use of it from being compiled well.
 */
export class NodeExchange implements Exchange {
  readonly method: string;
  readonly segments: readonly string[];
  readonly receivedMs = performance.now();
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #headers: HeaderList;
  readonly #search: string;
  readonly #maxBodyBytes: number;
  readonly #credentials: WeakMap<Socket, Credential>;
  readonly #common: AnswerHeaders | undefined;
  #cancellation: Cancellation | undefined = undefined;
  #query: URLSearchParams | undefined = undefined;
  #narrowing: Narrowing | undefined = undefined;
  #credential: Credential | undefined = undefined;
  #credentialWasRead = false;

  constructor({ request, response, target, maxBodyBytes, credentials, common }: ExchangeParts) {
    this.method = request.method ?? 'GET';
    this.segments = target.segments;
    this.#request = request;
    this.#response = response;
    this.#headers = request.rawHeaders;
    this.#search = target.search;
    this.#maxBodyBytes = maxBodyBytes;
    this.#credentials = credentials;
    this.#common = common;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  header(name: string): string | undefined {
    return oneHeader(this.#headers, name);
  }

  headersWithPrefix(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const name of headerNames(this.#headers, prefix)) found.set(name, oneHeader(this.#headers, name) ?? '');
    return found;
  }

  get credential(): Credential | undefined {
    if (!this.#credentialWasRead) {
      this.#credential = this.#sameAsBefore(readCredential(this.#headers));
      this.#credentialWasRead = true;
    }
    return this.#credential;
  }

  get narrowing(): Narrowing {
    this.#narrowing ??= readNarrowing(this.#headers);
    return this.#narrowing;
  }

  get signal(): CallSignal {
    if (this.#cancellation !== undefined) return this.#cancellation;
    const cancellation = new Cancellation();
    const onClose = (): void => {
      if (!this.#response.writableFinished)
        cancellation.abort(new GatewayError('cancelled', 'the client closed the connection'));
    };
    if (this.#response.destroyed) onClose();
    else this.#response.on('close', onClose);
    this.#cancellation = cancellation;
    return cancellation;
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  get gone(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  body(): Promise<string> {
    return readBody(this.#request, this.#headers, this.#maxBodyBytes);
  }

  sendJson(status: number, body: JsonText, extra?: AnswerHeaders): void {
    this.#claimAnswer();
    if (this.#response.destroyed) return;
    const bytes = Buffer.byteLength(body);
    this.#response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': bytes,
      'X-Content-Type-Options': 'nosniff',
      ...this.#common,
      ...extra,
    });
    // As many bytes as characters means ASCII, which every encoding writes the same, and this one the fastest.
    this.#response.end(body, bytes === body.length ? 'latin1' : 'utf8');
  }

  sendText(status: number, contentType: string, body: string): void {
    this.sendJson(status, body, { 'Content-Type': contentType });
  }

  sendEmpty(status: number, extra?: AnswerHeaders): void {
    this.#claimAnswer();
    if (this.#response.destroyed) return;
    this.#response.writeHead(status, {
      ...(status === 204 ? undefined : { 'Content-Length': 0 }),
      ...this.#common,
      ...extra,
    });
    this.#response.end();
  }

  openSse(extra?: AnswerHeaders): SseStream {
    this.#claimAnswer();
    return openSse(this.#response, { ...this.#common, ...extra });
  }

  /** One object for the same key on the same connection, so that what was worked out about it need not be worked out again. */
  #sameAsBefore(credential: Credential | undefined): Credential | undefined {
    if (credential === undefined) return undefined;
    const { socket } = this.#request;
    const before = this.#credentials.get(socket);
    if (before?.token === credential.token && before.source === credential.source) return before;
    this.#credentials.set(socket, credential);
    return credential;
  }

  #claimAnswer(): void {
    if (this.#response.headersSent) throw new Error('the exchange is answered already');
  }
}
