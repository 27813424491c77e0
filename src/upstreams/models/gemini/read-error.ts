/** What Google says in an answer that is none: its code, and the details in which the real reason stands. */

import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../../../contracts/json.ts';
import type { ProviderFailure, ProviderFailureKind } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { failureOf } from '../classify-status.ts';

/** By google.rpc.Code, where it says more than the status. */
const KINDS: { readonly [status: string]: ProviderFailureKind } = {
  ...{ UNAUTHENTICATED: 'unauthorized', PERMISSION_DENIED: 'unauthorized', NOT_FOUND: 'unknown-model' },
  ...{ RESOURCE_EXHAUSTED: 'rate-limited', UNAVAILABLE: 'overloaded', DEADLINE_EXCEEDED: 'timeout' },
};

const TOO_LONG =
  /input token count|token count \(\d+\) exceeds|maximum number of (?:input )?tokens|input context is too long/i;

export interface ErrorHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** `text`: the body, an object or, for streams in array form, a list with one. */
export function failureOfBody(head: ErrorHead, text: string, secrets: readonly string[]): ProviderFailure {
  return failureOfError(head, errorIn(parse(text)), secrets);
}

/** The member `error` of an answer, or of a piece of a stream. */
export function failureOfError(
  { status, headers }: ErrorHead,
  error: JsonObject | undefined,
  secrets: readonly string[],
): ProviderFailure {
  if (error === undefined) return failureOf({ status, headers }, { message: undefined, kind: undefined }, secrets);
  const details = Array.isArray(error.details) ? error.details.filter(isObject) : [];
  const retryMs = retryDelayMs(details);
  return failureOf(
    { status, headers: retryMs === undefined ? headers : { ...headers, 'retry-after-ms': String(retryMs) } },
    { message: typeof error.message === 'string' ? error.message : undefined, kind: kindOf(error, details) },
    secrets,
  );
}

/** An error in a stream has no status of its own but the code it tells. */
export function failureOfPiece(error: JsonObject, secrets: readonly string[]): ProviderFailure {
  const { code } = error;
  const status = typeof code === 'number' && code >= 400 && code < 600 ? code : 500;
  return failureOfError({ status, headers: {} }, error, secrets);
}

export function errorIn(value: unknown): JsonObject | undefined {
  const found: unknown = Array.isArray(value) ? value[0] : value;
  return isObject(found) && isObject(found.error) ? found.error : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kindOf(error: JsonObject, details: readonly JsonObject[]): ProviderFailureKind | undefined {
  const { status, message } = error;
  // A key that Google does not know is a 400 there.
  if (details.some(({ reason }) => reason === 'API_KEY_INVALID' || reason === 'ACCESS_TOKEN_EXPIRED'))
    return 'unauthorized';
  if (status === 'INVALID_ARGUMENT' && typeof message === 'string' && TOO_LONG.test(message)) return 'context-too-long';
  if (status === 'RESOURCE_EXHAUSTED' && isUsedUp(details)) return 'quota-exceeded';
  return typeof status === 'string' ? KINDS[status] : undefined;
}

/** A quota of a day does not come back while anybody waits. */
function isUsedUp(details: readonly JsonObject[]): boolean {
  return details.some(
    ({ violations }) =>
      Array.isArray(violations) &&
      violations.some((each: unknown) => isObject(each) && /PerDay/i.test(String(each.quotaId ?? ''))),
  );
}

/** `google.rpc.RetryInfo`: `"34s"`, `"1.5s"`. */
function retryDelayMs(details: readonly JsonObject[]): number | undefined {
  for (const { retryDelay } of details) {
    const seconds = typeof retryDelay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(retryDelay)?.[1] : undefined;
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return undefined;
}
