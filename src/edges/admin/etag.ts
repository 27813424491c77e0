/** Versions of objects as entity tags, and what `If-Match` and `If-None-Match` say of them (RFC 9110, section 13). */

import { GatewayError } from '../../contracts/errors.ts';
import { faulty } from './problem.ts';

export function renderEtag(version: number): string {
  return `"${version}"`;
}

/** The version of `If-Match`; `*`: whatever stands there. Throws GatewayError `version_required`, `invalid_params`. */
export function readIfMatch(
  header: string | undefined,
  precondition: 'required' | 'optional' | 'none',
): number | undefined {
  if (header === undefined) {
    if (precondition === 'required') throw new GatewayError('version_required');
    return undefined;
  }
  const wrong = (detail: string): GatewayError => faulty([{ in: 'header', pointer: 'If-Match', detail }]);
  if (precondition === 'none') throw wrong('this operation replaces no version of anything');
  if (header === '*') return undefined;
  const version = /^"(\d{1,15})"$/.exec(header)?.[1];
  if (version === undefined) throw wrong('expected one ETag as it was answered, as "3", or *');
  return Number(version);
}

/** Whether the client has this version already. */
export function isKnown(header: string | undefined, version: number): boolean {
  if (header === undefined) return false;
  const tag = renderEtag(version);
  return header === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
