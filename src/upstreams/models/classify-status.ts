/** What a provider's refusal means for what is tried next, by its status; dialects refine it by what its body says. */

import type { IncomingHttpHeaders } from 'node:http';
import { ProviderFailure, type ProviderFailureKind } from '../../contracts/models.ts';

/** What a dialect read out of the body of an answer that is none. */
export interface ErrorBody {
  /** The provider's own words, for the log and, where the request is at fault, for the caller. */
  readonly message: string | undefined;
  /** Where its body says more than the status. */
  readonly kind: ProviderFailureKind | undefined;
}

const MAX_PUBLIC_CHARS = 300;

function kindOf(status: number): ProviderFailureKind {
  switch (status) {
    case 401:
    case 403:
      return 'unauthorized';
    case 402:
      return 'quota-exceeded';
    case 404:
      return 'unknown-model';
    case 408:
      return 'timeout';
    case 429:
      return 'rate-limited';
    case 503:
    case 529:
      return 'overloaded';
    default:
      if (status >= 500) return 'server-error';
      return status >= 400 ? 'invalid-request' : 'malformed';
  }
}

/** Only where the request itself is at fault do the provider's words help whoever made it. */
const EXPLAINED: ReadonlySet<ProviderFailureKind> = new Set([
  'invalid-request',
  'context-too-long',
  'content-filtered',
]);

/** `secrets`: what must not stand in a text that leaves us, whatever the provider quotes. */
export function failureOf(
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  { message, kind }: ErrorBody,
  secrets: readonly string[],
): ProviderFailure {
  const decided = kind ?? kindOf(status);
  const words = message && redact(message, secrets).replace(/\s+/g, ' ').trim().slice(0, MAX_PUBLIC_CHARS);
  return new ProviderFailure(decided, `status ${status}${words ? `: ${words}` : ''}`, {
    status,
    retryAfterMs: readRetryAfter(headers),
    publicText: EXPLAINED.has(decided) ? words : undefined,
  });
}

/**
 * Of an error that came under a status of success: in a stream, or in a response that failed. Its words are kept only where
 * they are of the request: others may quote what is ours.
 */
export function failureUnderSuccess({ message = '', kind = 'server-error' }: ErrorBody): ProviderFailure {
  const words = message.replace(/\s+/g, ' ').slice(0, MAX_PUBLIC_CHARS);
  const isExplained = EXPLAINED.has(kind) && words !== '';
  const text = isExplained ? `the response failed: ${words}` : `the response failed: ${kind}`;
  return new ProviderFailure(kind, text, { publicText: isExplained ? words : undefined });
}

function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 8) clean = clean.replaceAll(secret, '[redacted]');
  return clean;
}

/** RFC 9110, 10.2.3: seconds or a date; `retry-after-ms` as OpenAI and Azure send it. Undefined: nothing useful. */
export function readRetryAfter(headers: IncomingHttpHeaders): number | undefined {
  const exact = Number(headers['retry-after-ms']);
  if (Number.isFinite(exact) && exact >= 0 && headers['retry-after-ms'] !== '') return exact;
  const text = headers['retry-after'];
  if (text === undefined || text.trim() === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text) * 1_000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - Date.now());
}
