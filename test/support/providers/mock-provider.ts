/**
 * A pretended provider over real HTTP: records what it was sent, and answers by script (see `fake/script.ts`) in the wire
 * that a dialect's renderer writes. Faults are done here, on the socket, the same for every dialect.
 */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Script } from '../../../src/upstreams/models/fake/script.ts';

export interface MockRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Parsed, where the body is JSON; else undefined. */
  readonly json: unknown;
}

export interface MockReply {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  /** A whole body, or the pieces of a stream, each written by itself. */
  readonly body: string | Buffer | readonly (string | Buffer)[];
  /** Behaves by this: delay, pace, faults. */
  readonly script?: Script | undefined;
}

export interface MockProvider extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly requests: readonly MockRequest[];
  /** Answers under way whose client went away. */
  readonly aborted: () => number;
  /** Resolves when `count` answers in all were left by their client. */
  waitForAborts(count: number): Promise<void>;
}

/** What a dialect makes of a request; an error it renders itself, in the words of its vendor, is a reply like any other. */
export type MockAnswer = (request: MockRequest) => MockReply | Promise<MockReply>;

export interface MockOptions {
  readonly answer: MockAnswer;
  /** The vendor's body for a failure by script. */
  readonly renderFailure: (status: number, request: MockRequest) => string;
  /** Headers of such a failure besides `content-type`. */
  readonly failureHeaders?: (status: number) => { readonly [name: string]: string };
}

export async function startMockProvider({
  answer,
  renderFailure,
  failureHeaders = () => ({}),
}: MockOptions): Promise<MockProvider> {
  const requests: MockRequest[] = [];
  /** How often the fault of a prompt has happened, by the request's whole body. */
  const happened = new Map<string, number>();
  let aborts = 0;
  const waiting: { readonly count: number; resolve(): void }[] = [];

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks);
      const seen: MockRequest = {
        ...{ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body },
        json: parse(body),
      };
      requests.push(seen);
      response.on('close', () => {
        if (response.writableFinished) return;
        aborts++;
        for (const each of waiting) if (aborts >= each.count) each.resolve();
      });
      const reply = await answer(seen);
      void perform(response, reply, isDue(reply.script, seen), () => ({
        body: renderFailure(failStatus(reply), seen),
        headers: failureHeaders(failStatus(reply)),
      }));
    });
  });

  /** Whether the script's fault happens this time. */
  const isDue = (script: Script | undefined, { path, body }: MockRequest): boolean => {
    if (script?.fault === undefined) return false;
    const key = `${path}\0${body.toString('latin1')}`;
    const count = happened.get(key) ?? 0;
    if (count >= script.fault.times) return false;
    happened.set(key, count + 1);
    return true;
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    aborted: () => aborts,
    waitForAborts: (count) =>
      new Promise((resolve) => {
        if (aborts >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function failStatus({ script }: MockReply): number {
  return script?.fault?.type === 'status' ? script.fault.status : 500;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function perform(
  response: ServerResponse,
  reply: MockReply,
  isFaulty: boolean,
  renderFailure: () => { readonly body: string; readonly headers: { readonly [name: string]: string } },
): Promise<void> {
  const { script } = reply;
  const fault = isFaulty ? script?.fault : undefined;
  if (script !== undefined && script.delayMs > 0) await pause(script.delayMs);
  const type = reply.headers ?? { 'content-type': 'application/json' };
  if (fault?.type === 'status') {
    const retry = fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) };
    const { body, headers } = renderFailure();
    response.writeHead(fault.status, { 'content-type': 'application/json', ...retry, ...headers });
    response.end(body);
    return;
  }
  if (fault?.at === 'head') {
    if (fault.type === 'reset') response.destroy();
    if (fault.type === 'garbage') response.writeHead(reply.status, type).end('{"this is": no JSON');
    // `hang`: never answered; the server's end closes it.
    return;
  }
  response.writeHead(reply.status, type);
  const pieces = typeof reply.body === 'string' || Buffer.isBuffer(reply.body) ? [reply.body] : reply.body;
  const half = Math.ceil(pieces.length / 2);
  for (const [i, piece] of pieces.entries()) {
    if (fault !== undefined && i === half) {
      if (fault.type === 'reset') response.destroy();
      if (fault.type === 'garbage') response.end('data: {"this is": no JSON\n\n');
      return;
    }
    if (response.destroyed) return;
    response.write(piece);
    if (script !== undefined && script.paceMs > 0 && i < pieces.length - 1) await pause(script.paceMs);
    else await new Promise(setImmediate);
  }
  response.end();
}
