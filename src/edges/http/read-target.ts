/** Splits a request target into what routes look at. */

import { GatewayError } from '../../contracts/errors.ts';

/** Path and query of a request. */
export interface Target {
  readonly segments: readonly string[];
  /** Without the question mark. */
  readonly search: string;
}

/** Decoded segments; one trailing slash is ignored. Throws GatewayError `invalid_request`. */
export function readTarget(target: string): Target {
  if (!target.startsWith('/')) throw new GatewayError('invalid_request', 'the request target must be a path');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const segments = path.slice(1).split('/');
  if (segments.at(-1) === '') segments.pop();
  const search = mark === -1 ? '' : target.slice(mark + 1);
  if (!path.includes('%')) return { segments, search };
  try {
    return { segments: segments.map(decodeURIComponent), search };
  } catch {
    throw new GatewayError('invalid_request', 'the path is not valid percent-encoding');
  }
}
