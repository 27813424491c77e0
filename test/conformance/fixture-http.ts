/** The fixture's HTTP side: loopback Host and Origin only, and a bridge from node:http to fetch-style handlers. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isLoopback(authority: string): boolean {
  return LOOPBACK.has(URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`).hostname : '');
}

function isForeign(request: IncomingMessage): boolean {
  const { host, origin } = request.headers;
  if (host === undefined || !isLoopback(host)) return true;
  if (origin === undefined) return false;
  return !(URL.canParse(origin) && isLoopback(new URL(origin).host));
}

/** Listens on loopback and serves `/mcp`; everything from a foreign Host or Origin is refused with 403. */
export function listen(handle: Handle, port: number): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    if (isForeign(request)) {
      response.writeHead(403).end();
      return;
    }
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/mcp') {
      response.writeHead(404).end();
      return;
    }
    Promise.resolve(handle(request, response)).catch((error: unknown) => {
      process.stderr.write(`fixture: ${String(error)}\n`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve({ server, url: `http://localhost:${(server.address() as AddressInfo).port}/mcp` });
    });
  });
}

/** Serves one node:http request with a fetch-style handler; the request is aborted when the client goes away. */
export async function bridge(
  fetchHandler: (request: Request) => Promise<Response>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headersDistinct))
    for (const one of value ?? []) headers.append(name, one);
  const answer = await fetchHandler(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method ?? 'GET',
      headers,
      signal: gone.signal,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  const reader = answer.body.getReader();
  response.on('close', () => void reader.cancel().catch(() => undefined));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    response.write(value);
  }
  response.end();
}
