/** What becomes of a request that an HTTP server refused for its credential: sent once more with another, or failed. */

import { GatewayError } from '../../contracts/errors.ts';
import type { ExchangeEnd } from './http-exchange.ts';
import { errorForEnd } from './http-status.ts';
import type { HttpTarget } from './http-target.ts';
import { HttpStatusError } from './transport.ts';

export interface ChallengedRequest {
  /** The Authorization header it carried. */
  readonly sent: string | undefined;
  readonly isWaiting: () => boolean;
  readonly sendAgain: () => void;
  readonly fail: (error: GatewayError) => void;
}

type Body = Extract<ExchangeEnd, { type: 'body' }>;
export type Challenge = Body & { readonly status: 401 | 403 };

/** 401 and 403 say that nothing was done. */
export function isChallenge(end: ExchangeEnd): end is Challenge {
  return end.type === 'body' && (end.status === 401 || end.status === 403);
}

/** False: nobody can do anything about it. */
export function answerChallenge(target: HttpTarget, end: Challenge, request: ChallengedRequest): boolean {
  const { credential } = target;
  if (credential === undefined) return false;
  const { status, wwwAuthenticate } = end;
  const { sent } = request;
  void credential.renew({ status, wwwAuthenticate, sent }).then((renewal) => {
    if (!request.isWaiting()) return;
    if (renewal.type === 'renewed') return request.sendAgain();
    const cause = renewal.hint === undefined ? undefined : new HttpStatusError(status, renewal.hint);
    if (renewal.wants === 'person') return request.fail(new GatewayError('connection_required', undefined, { cause }));
    if (renewal.wants === 'link') return request.fail(new GatewayError('upstream_unavailable', undefined, { cause }));
    if (renewal.wants === 'time')
      return request.fail(
        new GatewayError('upstream_needs_auth', 'the credential cannot be renewed for now; try again later', { cause }),
      );
    request.fail(
      cause === undefined
        ? errorForEnd(end, target.redact)
        : new GatewayError('upstream_needs_auth', undefined, { cause }),
    );
  });
  return true;
}
