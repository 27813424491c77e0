/** Every request's way in, whichever lane read it: guards first, then CORS, then the routes in order, and the one catch. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { corsHeaders, OPEN_CORS, preflightHeaders } from './cors.ts';
import type { AnswerHeaders, ErrorDialect, Exchange, Route } from './exchange.ts';
import { type AllowedNames, isAllowedHost, isAllowedOrigin } from './guards.ts';
import { type HeaderList, headerValues } from './headers.ts';
import { readTarget, type Target } from './read-target.ts';
import { sendHttpError } from './render-error.ts';
import type { RequestExchange } from './request-exchange.ts';

/** A request whose head was read, and that nobody has judged yet. */
export interface Arrival {
  readonly method: string;
  /** The request target as sent. */
  readonly url: string;
  readonly headers: HeaderList;
  /** The address the connection came in on. */
  readonly localAddress: string | undefined;
  /** `common`: headers of every answer on it. Called once. */
  open(target: Target, common: AnswerHeaders | undefined): RequestExchange;
}

export interface ServeDeps {
  /** Asked in order; the first that does not answer false has the request. */
  readonly routes: readonly Route[];
  /** The first that fits renders; where none does, errors are plain. */
  readonly dialects?: readonly ErrorDialect[] | undefined;
  /** Below these any web page may read, whatever its origin. Default none. */
  readonly openPaths?: readonly string[] | undefined;
  readonly log: Log;
  /** Read on every request, so that a configuration swap takes effect at once. */
  readonly allowed: () => AllowedNames;
}

export const MAX_HEADERS = 128;

const NOWHERE: Target = { segments: [], search: '' };

const isUnder = (url: string, path: string): boolean =>
  url.startsWith(path) && (url.length === path.length || url[path.length] === '/' || url[path.length] === '?');

export function createServeRequest({
  routes,
  dialects = [],
  openPaths = [],
  log,
  allowed,
}: ServeDeps): (arrival: Arrival) => void {
  const isOpen = (url: string): boolean => openPaths.some((path) => isUnder(url, path));
  /** Headers of every answer. */
  const commonFor = (url: string, origin: string | undefined): AnswerHeaders | undefined => {
    if (isOpen(url)) return OPEN_CORS;
    return origin === undefined ? undefined : corsHeaders(origin);
  };

  /** The last one that was allowed, and where: a client says the same in each request. */
  let known:
    | { readonly host: string; readonly address: string | undefined; readonly hosts: readonly string[] }
    | undefined;
  const mayAsk = (host: string, address: string | undefined, hosts: readonly string[]): boolean => {
    if (known !== undefined && known.host === host && known.address === address && known.hosts === hosts) return true;
    if (!isAllowedHost(host, address, hosts)) return false;
    known = { host, address, hosts };
    return true;
  };

  /** The target that was read last: most requests go where the one before went. */
  let last: { readonly url: string; readonly target: Target } | undefined;
  const targetOf = (url: string): Target => {
    if (last === undefined || last.url !== url) last = { url, target: readTarget(url) };
    return last.target;
  };

  /** The origin of a browser's request, undefined for others. Throws GatewayError. */
  const guard = ({ url, headers, localAddress }: Arrival): string | undefined => {
    if (headers.length / 2 > MAX_HEADERS) throw new GatewayError('invalid_request', 'too many headers');
    const { hosts, origins } = allowed();
    const host = headerValues(headers, 'host');
    if (host.length !== 1 || !mayAsk(host[0] ?? '', localAddress, hosts)) throw new GatewayError('forbidden_host');
    const origin = headerValues(headers, 'origin');
    if (origin.length === 0) return undefined;
    if (isOpen(url) && origin.length === 1) return origin[0];
    if (origin.length !== 1 || !isAllowedOrigin(origin[0] ?? '', host[0] ?? '', origins))
      throw new GatewayError('forbidden_origin');
    return origin[0];
  };

  /** A promise if the route takes its time. Throws GatewayError `unknown_server` if none takes it. */
  const route = (exchange: Exchange): unknown => {
    for (const take of routes) {
      const taken = take(exchange);
      if (taken !== false) return taken;
    }
    throw new GatewayError('unknown_server');
  };

  const fail = (exchange: RequestExchange, error: unknown): void => {
    sendHttpError(exchange, error, log);
    // An event stream that failed half-way has no other way to say so.
    if (!exchange.ended) exchange.destroy();
  };

  /** Of a request that reaches no route. */
  const turnAway = (arrival: Arrival, error: unknown): void => {
    const exchange = arrival.open(NOWHERE, undefined);
    const dialect = dialects.find(({ under }) => isUnder(arrival.url, under));
    if (dialect !== undefined && error instanceof GatewayError) dialect.send(exchange, error);
    else sendHttpError(exchange, error, log);
  };

  return (arrival) => {
    let exchange: RequestExchange;
    let isBrowser = false;
    try {
      const origin = guard(arrival);
      isBrowser = origin !== undefined;
      const target = targetOf(arrival.url);
      exchange = arrival.open(target, commonFor(arrival.url, origin));
    } catch (error) {
      turnAway(arrival, error);
      return;
    }
    if (isBrowser && arrival.method === 'OPTIONS') {
      const { headers } = arrival;
      if (headerValues(headers, 'access-control-request-method').length > 0) {
        exchange.sendEmpty(204, preflightHeaders(headerValues(headers, 'access-control-request-headers').join(',')));
        return;
      }
    }
    try {
      const taken = route(exchange);
      if (taken instanceof Promise) taken.catch((error: unknown) => fail(exchange, error));
    } catch (error) {
      fail(exchange, error);
    }
  };
}
