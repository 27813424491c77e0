/** The incoming W3C trace context of a request: `_meta.traceparent` first, the HTTP header as fallback. */

import { isObject } from '../../lib/is-object.ts';
import type { Exchange } from './exchange.ts';

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Undefined unless its syntax is right; a wrong one is ignored, as the W3C asks. */
export function readTraceparent(meta: unknown, exchange: Exchange): string | undefined {
  const own = isObject(meta) ? meta.traceparent : undefined;
  const value = typeof own === 'string' ? own : exchange.header('traceparent');
  return value !== undefined && TRACEPARENT.test(value) ? value : undefined;
}
