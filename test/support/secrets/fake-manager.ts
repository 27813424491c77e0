/** What all pretended secret managers have in common: a server on loopback that can be told to misbehave. */

import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from '../temp-dir.ts';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './test-certificate.ts';

export interface ManagerCall {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ManagerReply {
  readonly status: number;
  readonly body: string | object;
  readonly headers?: { readonly [name: string]: string };
}

/** `marker` is planted into everything it says while it misbehaves. */
export type Trouble =
  | { readonly type: 'status'; readonly status: number; readonly retryAfterS?: number }
  | { readonly type: 'hang' | 'truncated' | 'huge' | 'garbage' | 'reset' }
  | { readonly type: 'redirect'; readonly to: string };

export interface FakeManager {
  readonly origin: string;
  readonly calls: readonly ManagerCall[];
  /** From now on each call whose path fits goes wrong, the first `times` of them; undefined: it is well again. */
  trouble: { readonly what: Trouble; readonly path?: RegExp; times?: number } | undefined;
  /** Nobody listens any more. */
  stop(): Promise<void>;
}

/** What no message, log or trail may ever hold. */
export const MARKER = 'body-of-the-manager-7f3a';

export async function startFakeManager(
  cleanup: Cleanup,
  answer: (call: ManagerCall) => ManagerReply | Promise<ManagerReply>,
  options: { readonly isSecure?: boolean | undefined } = {},
): Promise<FakeManager> {
  const calls: ManagerCall[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const call = {
        ...{ method: request.method ?? '', path: request.url ?? '', headers: request.headers },
        body: Buffer.concat(chunks).toString(),
      };
      calls.push(call);
      const { trouble } = fake;
      if (trouble !== undefined && (trouble.path?.test(call.path) ?? true) && (trouble.times ?? 1) > 0) {
        if (trouble.times !== undefined) trouble.times--;
        const { what } = trouble;
        switch (what.type) {
          case 'status': {
            const wait = what.retryAfterS === undefined ? {} : { 'retry-after': String(what.retryAfterS) };
            response.writeHead(what.status, { 'content-type': 'application/json', ...wait });
            response.end(JSON.stringify({ errors: [MARKER], message: MARKER, __type: MARKER }));
            return;
          }
          case 'redirect':
            response.writeHead(307, { location: what.to }).end();
            return;
          case 'hang':
            return;
          case 'reset':
            response.destroy();
            return;
          case 'truncated':
            response.writeHead(200, { 'content-length': '1000' });
            response.write(`{"data":{"data":{"x":"${MARKER}`, () => response.destroy());
            return;
          case 'huge':
            response.writeHead(200);
            response.end(`{"data":"${MARKER.repeat(200_000)}"}`);
            return;
          case 'garbage':
            response.writeHead(200).end(`{"${MARKER}`);
            return;
        }
      }
      const reply = await answer(call);
      const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(text);
    });
  };
  const server = options.isSecure
    ? createSecureServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, listener)
    : createServer(listener);
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  cleanup.after(stop);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeManager = {
    origin: `${options.isSecure ? 'https' : 'http'}://127.0.0.1:${port}`,
    calls,
    trouble: undefined,
    stop,
  };
  return fake;
}
