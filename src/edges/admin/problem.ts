/** Errors of the admin API: problem details (RFC 9457), with a pointer to each thing that is wrong. */

import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import type { Fault } from '../../contracts/shapes/find-faults.ts';
import type { Exchange } from '../http/exchange.ts';
import { errorHeaders } from '../http/render-error.ts';

/** One thing that is wrong with a request. */
export interface RequestFault {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** Body: JSON pointer (RFC 6901), '' for all of it. Else the parameter's name. */
  readonly pointer: string;
  readonly detail: string;
}

/** A request that is not as its operation declares. */
export function faulty(faults: readonly RequestFault[]): GatewayError {
  const [first] = faults;
  const where = first === undefined || first.pointer === '' ? '' : `${first.pointer}: `;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new GatewayError('invalid_params', `${where}${first?.detail ?? ''}${more}`, { data: { errors: faults } });
}

/** A body that fits its schema, and yet cannot be: a reference to nothing, for instance. */
export function faultyBody(pointer: string, detail: string): GatewayError {
  return faulty([{ in: 'body', pointer, detail }]);
}

/** Of a body that fits its schema, too. */
export function faultOfBody({ path, message, remedy }: Fault): RequestFault {
  return { in: 'body', pointer: pointerOf(path), detail: remedy === undefined ? message : `${message}; ${remedy}` };
}

/** `a/b~c` as one step of a JSON pointer. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Everything a problem says besides, from the error's data. */
export function renderProblem(error: GatewayError): { readonly [member: string]: unknown } {
  const { code, message, data = {} } = error;
  const { httpStatus, text } = ERRORS[code];
  return {
    type: `/api/v1/errors#${code}`,
    title: text,
    status: httpStatus,
    detail: message,
    code,
    ...data,
  };
}

export function sendProblem(exchange: Exchange, error: GatewayError): void {
  const retryAfterMs = error.data?.retryAfterMs;
  exchange.sendText(ERRORS[error.code].httpStatus, 'application/problem+json', JSON.stringify(renderProblem(error)), {
    'Cache-Control': 'no-store',
    ...errorHeaders(error),
    ...(typeof retryAfterMs === 'number' && { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
  });
}
