/** The Exchange over Node's own request and response. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import { Cancellation } from './cancellation.ts';
import type { AnswerHeaders, ByteSink, SseStream } from './exchange.ts';
import { openBytes } from './open-bytes.ts';
import { openSse, SSE_HEADERS } from './open-sse.ts';
import { checkMediaType, checkUtf8, readBytes } from './read-body.ts';
import type { Target } from './read-target.ts';
import { type Presented, RequestExchange } from './request-exchange.ts';

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly maxBodyBytes: number;
  /** What was last presented on this connection. */
  readonly presented: Presented;
  /** Headers of every answer on this exchange (CORS); undefined: none. */
  readonly common: AnswerHeaders | undefined;
}

export class NodeExchange extends RequestExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #maxBodyBytes: number;
  readonly #common: AnswerHeaders | undefined;
  #cancellation: Cancellation | undefined = undefined;

  constructor({ request, response, target, maxBodyBytes, presented, common }: ExchangeParts) {
    super(request.method ?? 'GET', target, request.rawHeaders, presented);
    this.#request = request;
    this.#response = response;
    this.#maxBodyBytes = maxBodyBytes;
    this.#common = common;
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

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  get ended(): boolean {
    return this.#response.writableEnded;
  }

  get gone(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  async body(): Promise<string> {
    return (await this.jsonBytes()).toString('utf8');
  }

  async jsonBytes(): Promise<Buffer> {
    checkMediaType(this.headers);
    return checkUtf8(await this.bytes());
  }

  bytes(): Promise<Buffer> {
    return readBytes(this.#request, this.headers, this.#maxBodyBytes);
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

  sendJsonBytes(status: number, pieces: readonly Uint8Array[], extra?: AnswerHeaders): void {
    this.#claimAnswer();
    if (this.#response.destroyed) return;
    let bytes = 0;
    for (const piece of pieces) bytes += piece.byteLength;
    this.#response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': bytes,
      'X-Content-Type-Options': 'nosniff',
      ...this.#common,
      ...extra,
    });
    // Head and pieces leave in one system call.
    this.#response.cork();
    for (const piece of pieces) this.#response.write(piece);
    this.#response.end();
  }

  sendText(status: number, contentType: string, body: string, extra?: AnswerHeaders): void {
    this.sendJson(status, body, { 'Content-Type': contentType, ...extra });
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
    this.#response.writeHead(200, { ...SSE_HEADERS, ...this.#common, ...extra });
    this.#response.flushHeaders();
    return openSse(this.#response);
  }

  openBytes(status: number, headers: AnswerHeaders): ByteSink {
    this.#claimAnswer();
    this.#response.writeHead(status, { 'X-Content-Type-Options': 'nosniff', ...this.#common, ...headers });
    this.#response.flushHeaders();
    return openBytes(this.#response);
  }

  destroy(): void {
    this.#response.destroy();
  }

  #claimAnswer(): void {
    if (this.#response.headersSent) throw new Error('the exchange is answered already');
  }
}
