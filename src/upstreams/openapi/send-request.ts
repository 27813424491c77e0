/** One exchange from beginning to end: sent, read up to a bound, given up when nobody waits, redirected only at home. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { GatewayError } from '../../contracts/errors.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';

const MAX_REDIRECTS = 5;
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body was longer; the rest was not read. */
  readonly isCut: boolean;
}

export interface SendOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Follows redirects of GET and HEAD within the origin. Throws GatewayError: `upstream_unavailable` if nothing was sent,
 * `outcome_unknown` if the connection broke, `cancelled`.
 */
export async function sendRequest(http: HttpClient, request: HttpRequest, options: SendOptions): Promise<HttpAnswer> {
  let at = request;
  for (let hop = 0; ; hop++) {
    const answer = await exchange(http, at, options);
    const path = hop < MAX_REDIRECTS ? redirectedPath(at, answer) : undefined;
    if (path === undefined) return answer;
    at = { ...at, path };
  }
}

function redirectedPath({ method, origin, path }: HttpRequest, { status, headers }: HttpAnswer): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const url = headers.location === undefined ? null : URL.parse(headers.location, origin + path);
  return url?.origin === origin ? url.pathname + url.search : undefined;
}

function exchange(http: HttpClient, request: HttpRequest, { maxBytes, signal }: SendOptions): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let head: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined;
    let bytes = 0;
    const chunks: Buffer[] = [];
    const onAbort = (): void => {
      sent.abort();
      reject(new GatewayError('cancelled'));
    };
    const end = (isCut: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      if (head === undefined) return reject(new GatewayError('outcome_unknown'));
      const answer = { ...head, body: Buffer.concat(chunks), isCut };
      if (head.headers['content-encoding'] === undefined) return resolve(answer);
      resolve(decompress(answer, maxBytes));
    };
    if (signal.aborted) return reject(new GatewayError('cancelled'));
    const sent = http.send(request, {
      onHead(status, headers) {
        head = { status, headers };
      },
      onData(chunk) {
        const room = maxBytes - bytes;
        chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
        bytes += chunk.length;
        if (bytes <= maxBytes) return;
        sent.abort();
        end(true);
      },
      onEnd: () => end(false),
      onFailure({ sent: wasSent, error }) {
        signal.removeEventListener('abort', onAbort);
        reject(new GatewayError(wasSent ? 'outcome_unknown' : 'upstream_unavailable', undefined, { cause: error }));
      },
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Some servers compress whatever was asked for. No more than `maxBytes` come out; what cannot be read stays as it is. */
async function decompress(answer: HttpAnswer, maxBytes: number): Promise<HttpAnswer> {
  const encoding = String(answer.headers['content-encoding']).trim().toLowerCase();
  const open = DECODERS.get(encoding);
  if (open === undefined) return answer;
  const stream = open();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isCut = answer.isCut;
  stream.end(answer.body);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, maxBytes - bytes));
      bytes += chunk.length;
      if (bytes <= maxBytes) continue;
      isCut = true;
      break;
    }
  } catch {
    // The end is missing where the answer was cut: what was read so far is what there is.
    if (bytes === 0) return answer;
    isCut = true;
  }
  return { ...answer, body: Buffer.concat(chunks), isCut };
}
