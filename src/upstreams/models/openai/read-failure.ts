/** OpenAI's errors, and those of vendors that copy them, read for what they mean. */

import type { ProviderFailure, ProviderFailureKind } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type ErrorBody, failureOf } from '../classify-status.ts';
import { readFailedText } from '../failed-answer.ts';
import type { ProviderResponse } from '../send.ts';

/** By `code`, then by `type`. */
const KINDS: ReadonlyMap<string, ProviderFailureKind> = new Map<string, ProviderFailureKind>([
  ['context_length_exceeded', 'context-too-long'],
  ['string_above_max_length', 'invalid-request'],
  ['insufficient_quota', 'quota-exceeded'],
  ['billing_not_active', 'quota-exceeded'],
  ['billing_hard_limit_reached', 'quota-exceeded'],
  ['model_not_found', 'unknown-model'],
  ['DeploymentNotFound', 'unknown-model'],
  ['content_filter', 'content-filtered'],
  ['content_policy_violation', 'content-filtered'],
  ['invalid_api_key', 'unauthorized'],
  ['authentication_error', 'unauthorized'],
  ['rate_limit_exceeded', 'rate-limited'],
  ['rate_limit_error', 'rate-limited'],
  ['overloaded_error', 'overloaded'],
]);

/** Compatible servers say it in words only. */
const TOO_LONG = /maximum context length|context window|context length|prompt is too long|too many tokens/i;

/** `{error: {message, type, code}}`, `{error: "…"}`, `{message, …}`, `{detail: …}`, `[{error}]`. */
export function readErrorBody(value: unknown, status: number | undefined): ErrorBody {
  const body = Array.isArray(value) ? value[0] : value;
  const error = isObject(body) ? (body.error ?? body) : body;
  const said = isObject(error) ? (error.message ?? error.detail) : error;
  const message = typeof said === 'string' ? said : said === undefined ? undefined : JSON.stringify(said);
  const words = isObject(error) ? [error.code, error.type] : [];
  let kind: ProviderFailureKind | undefined;
  for (const word of words) if (typeof word === 'string') kind ??= KINDS.get(word);
  const isFault = status === undefined || (status >= 400 && status < 500 && status !== 429);
  if (isFault && (kind === undefined || kind === 'invalid-request') && message !== undefined && TOO_LONG.test(message))
    kind = 'context-too-long';
  return { message, kind };
}

/** Reads an answer that is none to its end. */
export async function readFailure(response: ProviderResponse, secrets: readonly string[]): Promise<ProviderFailure> {
  const text = await readFailedText(response);
  const value = text === '' ? undefined : (parse(text) ?? text.slice(0, 200));
  return failureOf(response, readErrorBody(value, response.status), secrets);
}

/** An error under a status of success: in a stream, or in the body of vendors that pass on what theirs said. */
export function failureIn(error: unknown, secrets: readonly string[]): ProviderFailure {
  const code = isObject(error) ? Number(error.code ?? error.status) : Number.NaN;
  const status = Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500;
  return failureOf({ status, headers: {} }, readErrorBody({ error }, status), secrets);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
