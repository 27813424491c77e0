/** Asks a handler of node:http without a connection: request and answer are values, whichever lane a client came in on. */

import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HeadlessRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string };
  readonly body?: Buffer | undefined;
}

export interface HeadlessAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** An answer that stays here. */
class KeptResponse extends ServerResponse {
  readonly #chunks: Buffer[] = [];
  readonly #onEnd: (answer: HeadlessAnswer) => void;

  constructor(request: IncomingMessage, onEnd: (answer: HeadlessAnswer) => void) {
    super(request);
    this.#onEnd = onEnd;
  }

  override write(chunk: unknown): boolean {
    this.#keep(chunk);
    return true;
  }

  override end(chunk?: unknown): this {
    this.#keep(chunk);
    this.#onEnd({
      status: this.statusCode,
      headers: this.getHeaders(),
      body: Buffer.concat(this.#chunks).toString('utf8'),
    });
    return this;
  }

  #keep(chunk: unknown): void {
    if (typeof chunk === 'string') this.#chunks.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) this.#chunks.push(Buffer.from(chunk));
  }
}

const MAX_ANSWER_MS = 30_000;

/** Rejects if there is no answer within half a minute. */
export function runHeadless(
  handle: NodeHandler,
  { method, path, headers, body }: HeadlessRequest,
): Promise<HeadlessAnswer> {
  return new Promise((resolve, reject) => {
    const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const request = new IncomingMessage(nowhere as Socket);
    const length = body === undefined ? undefined : { 'content-length': String(body.byteLength) };
    Object.assign(request, {
      method,
      url: path,
      headers: { ...headers, ...length },
      httpVersion: '1.1',
      complete: true,
    });
    const timer = setTimeout(() => reject(new Error(`no answer to ${path.split('?')[0]}`)), MAX_ANSWER_MS);
    const response = new KeptResponse(request, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    handle(request, response);
    if (body !== undefined) request.push(body);
    request.push(null);
  });
}
