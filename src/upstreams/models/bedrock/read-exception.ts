/** AWS exceptions, as answers with a status and as frames in a stream: what each means for what is tried next. */

import type { IncomingHttpHeaders } from 'node:http';
import { ProviderFailure, type ProviderFailureKind } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ErrorBody } from '../classify-status.ts';

/** By name in small letters without the ending: `ThrottlingException` and `throttlingException` are the same. */
const KINDS: ReadonlyMap<string, ProviderFailureKind> = new Map([
  ['throttling', 'rate-limited'],
  ['toomanyrequests', 'rate-limited'],
  ['servicequotaexceeded', 'quota-exceeded'],
  ['serviceunavailable', 'overloaded'],
  ['modelnotready', 'overloaded'],
  ['internalserver', 'server-error'],
  ['internalfailure', 'server-error'],
  ['modelerror', 'server-error'],
  ['modelstreamerror', 'server-error'],
  ['modeltimeout', 'timeout'],
  ['accessdenied', 'unauthorized'],
  ['unrecognizedclient', 'unauthorized'],
  ['expiredtoken', 'unauthorized'],
  ['invalidsignature', 'unauthorized'],
  ['incompletesignature', 'unauthorized'],
  ['missingauthenticationtoken', 'unauthorized'],
  ['resourcenotfound', 'unknown-model'],
  ['validation', 'invalid-request'],
]);

const TOO_LONG = /too long|too many (input )?tokens|context (window|length)|maximum (input|context|number of tokens)/i;
const NO_SUCH_MODEL = /model identifier is invalid|model id(entifier)? .*(not exist|not found)|could not resolve/i;

/** Undefined: no name we know, the status decides. */
export function kindOfException(name: string, message: string | undefined): ProviderFailureKind | undefined {
  const kind = KINDS.get(name.toLowerCase().replace(/(exception|error)$/, '')) ?? KINDS.get(name.toLowerCase());
  if (kind !== 'invalid-request' || message === undefined) return kind;
  if (TOO_LONG.test(message)) return 'context-too-long';
  return NO_SUCH_MODEL.test(message) ? 'unknown-model' : kind;
}

/** The name stands in a header, or in the body as `__type`; either may carry a namespace or an address with it. */
export function readExceptionBody(headers: IncomingHttpHeaders, text: string): ErrorBody {
  const body = parseObject(text);
  const message = [body.message, body.Message].find((each) => typeof each === 'string');
  const named = headers['x-amzn-errortype'] ?? body.__type;
  const name = typeof named === 'string' ? (named.split(':')[0]?.split('#').at(-1) ?? '') : '';
  return { message, kind: kindOfException(name, message) };
}

/** An exception in the middle of a stream. `clean` takes secrets out of its words. */
export function failureOfFrame(name: string, text: string, clean: (words: string) => string): ProviderFailure {
  const { message } = parseObject(text);
  const words = clean(typeof message === 'string' ? message : text)
    .replace(/\s+/g, ' ')
    .slice(0, 300);
  const kind = kindOfException(name, words) ?? 'server-error';
  const isTheirs = kind === 'invalid-request' || kind === 'context-too-long';
  return new ProviderFailure(kind, `${name} in the stream: ${words}`, { publicText: isTheirs ? words : undefined });
}

function parseObject(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
