/** `GET /health` (the process lives) and `GET /ready` (it can serve, and how each server is). */

import type { JsonValue } from '../../contracts/json.ts';
import type { Exchange, Route } from './exchange.ts';
import { methodNotAllowed } from './render-error.ts';

export interface HealthDeps {
  /** 200 or 503 on `/ready`. */
  readonly isReady: () => boolean;
  /** The body of `/ready`; sees the exchange, so that it can tell strangers less. */
  readonly describe: (exchange: Exchange) => JsonValue;
}

/** Both need no key. */
export function createHealthRoutes({ isReady, describe }: HealthDeps): readonly Route[] {
  return [
    (exchange) => {
      const [path, more] = exchange.segments;
      if (more !== undefined || (path !== 'health' && path !== 'ready')) return false;
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed('GET, HEAD');
      if (path === 'health') exchange.sendJson(200, '{"status":"ok"}', { 'Cache-Control': 'no-store' });
      else
        exchange.sendJson(isReady() ? 200 : 503, JSON.stringify(describe(exchange)), { 'Cache-Control': 'no-store' });
      return true;
    },
  ];
}
