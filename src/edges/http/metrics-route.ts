/** `GET /metrics`, for whoever presents the token of the configuration. To everybody else the address does not exist. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../contracts/errors.ts';
import type { Secret } from '../../contracts/secret.ts';
import type { Exchange, Route } from './exchange.ts';
import { methodNotAllowed } from './render-error.ts';

export interface MetricsRouteDeps {
  /** Undefined: there are no metrics. Read on every request, so that a configuration swap takes effect at once. */
  readonly token: () => Secret | undefined;
  readonly render: (format: 'prometheus' | 'openmetrics') => { readonly contentType: string; readonly text: string };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function presents(exchange: Exchange, token: Secret): boolean {
  let header: string | undefined;
  try {
    header = exchange.header('authorization');
  } catch (error) {
    // Two of them: refused like any other stranger, so that nothing shows that there is something here.
    if (error instanceof GatewayError) return false;
    throw error;
  }
  const presented = /^bearer +(\S+)$/i.exec(header ?? '')?.[1];
  return presented !== undefined && timingSafeEqual(digest(presented), digest(token.open()));
}

export function createMetricsRoute({ token, render }: MetricsRouteDeps): Route {
  return (exchange) => {
    const [path, more] = exchange.segments;
    if (path !== 'metrics' || more !== undefined) return false;
    const expected = token();
    if (expected === undefined || !presents(exchange, expected)) return false;
    if (exchange.method !== 'GET') throw methodNotAllowed('GET');
    const isOpen = exchange.header('accept')?.includes('application/openmetrics-text') ?? false;
    const { contentType, text } = render(isOpen ? 'openmetrics' : 'prometheus');
    exchange.sendText(200, contentType, text);
    return true;
  };
}
