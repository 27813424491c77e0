/** The Exchange over Node's own request and response. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Credential, Narrowing } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange, SseStream } from './exchange.ts';
import { type HeaderMap, oneHeader, readCredential, readNarrowing } from './headers.ts';
import { openSse } from './open-sse.ts';
import { readBody } from './read-body.ts';

/** Path and query of a request. */
export interface Target {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** Splits a request target into decoded segments; one trailing slash is ignored. Throws GatewayError `invalid_request`. */
export function readTarget(target: string): Target {
  if (!target.startsWith('/')) throw new GatewayError('invalid_request', 'the request target must be a path');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const raw = path.slice(1).split('/');
  if (raw.at(-1) === '') raw.pop();
  try {
    return {
      segments: raw.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment)),
      query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
    };
  } catch {
    throw new GatewayError('invalid_request', 'the path is not valid percent-encoding');
  }
}

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: HeaderMap;
  readonly target: Target;
  readonly maxBodyBytes: number;
  /** Headers of every answer on this exchange (CORS). */
  readonly common: { readonly [name: string]: string };
}

/** What is costly and rarely asked for (abort signal, credential, narrowing) is made when first read. */
export function createExchange({ request, response, headers, target, maxBodyBytes, common }: ExchangeParts): Exchange {
  let abort: AbortController | undefined;
  let narrowing: Narrowing | undefined;
  let credential: { readonly value: Credential | undefined } | undefined;

  const claimAnswer = (): void => {
    if (response.headersSent) throw new Error('the exchange is answered already');
  };

  return {
    method: request.method ?? 'GET',
    segments: target.segments,
    query: target.query,
    header: (name) => oneHeader(headers, name),
    headersWithPrefix(prefix) {
      const found = new Map<string, string>();
      for (const name of headers.keys()) {
        const value = name.startsWith(prefix) ? oneHeader(headers, name) : undefined;
        if (value !== undefined) found.set(name, value);
      }
      return found;
    },
    get credential() {
      credential ??= { value: readCredential(headers) };
      return credential.value;
    },
    get narrowing() {
      narrowing ??= readNarrowing(headers);
      return narrowing;
    },
    get signal() {
      if (abort !== undefined) return abort.signal;
      const controller = new AbortController();
      const onClose = (): void => {
        if (!response.writableFinished)
          controller.abort(new GatewayError('cancelled', 'the client closed the connection'));
      };
      if (response.destroyed) onClose();
      else response.once('close', onClose);
      abort = controller;
      return controller.signal;
    },
    get answered() {
      return response.headersSent;
    },
    body: () => readBody(request, headers, maxBodyBytes),
    sendJson(status, body, extra) {
      claimAnswer();
      if (response.destroyed) return;
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'X-Content-Type-Options': 'nosniff',
        ...common,
        ...extra,
      });
      response.end(body);
    },
    sendEmpty(status, extra) {
      claimAnswer();
      if (response.destroyed) return;
      response.writeHead(
        status,
        status === 204 ? { ...common, ...extra } : { 'Content-Length': 0, ...common, ...extra },
      );
      response.end();
    },
    openSse(extra): SseStream {
      claimAnswer();
      return openSse(response, { ...common, ...extra });
    },
  };
}
