/** The one way in which secret managers are asked: bounded, ended by a signal, without redirects, and never quoting an answer. */

import { Agent, request } from 'undici';
import { SecretFailure } from '../../contracts/secret-managers.ts';

/** Managers hold at most a megabyte under a name (Vault); others much less. */
const MAX_ANSWER_BYTES = 2_097_152;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 8;
const MAX_RETRY_AFTER_MS = 60_000;

export interface ManagerRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: { readonly [name: string]: string } | undefined;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface ManagerAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
  header(name: string): string | undefined;
}

export interface SecretHttp extends AsyncDisposable {
  /** Any answer but a redirect. Rejects with SecretFailure. */
  send(request: ManagerRequest): Promise<ManagerAnswer>;
}

/** `who`: the manager, for messages. `ca`: PEM of whom to trust in place of the usual authorities. */
export function createSecretHttp(who: string, ca?: string): SecretHttp {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca !== undefined && { ca }) },
    allowH2: false,
    pipelining: 1,
    // Many values that come due together wait for one another.
    connections: MAX_CONNECTIONS,
    // The signal ends what takes too long.
    ...{ headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 4_000 },
  });
  return {
    async send({ method, url, headers, body, signal }) {
      try {
        const answer = await request(url, {
          ...{ method, dispatcher: agent, signal, body: body ?? null },
          headers: { 'user-agent': 'portcullis', accept: 'application/json', ...headers },
        });
        const text = await readBounded(who, answer.body);
        // A redirect would carry our credentials to somebody who was not configured.
        if (answer.statusCode >= 300 && answer.statusCode < 400)
          throw new SecretFailure('malformed', `${who} answered with a redirect, which is not followed`, {
            remedy: 'write the address it leads to, if you trust it',
          });
        const header = (name: string): string | undefined => {
          const value = answer.headers[name];
          return Array.isArray(value) ? value[0] : value;
        };
        const seconds = Number(header('retry-after') ?? Number.NaN);
        const retryAfterMs = seconds >= 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : undefined;
        return { status: answer.statusCode, text, retryAfterMs, header };
      } catch (error) {
        throw error instanceof SecretFailure ? error : describe(who, error, signal);
      }
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}

async function readBounded(who: string, body: AsyncIterable<Uint8Array> & { destroy(): unknown }): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) {
      body.destroy();
      throw new SecretFailure('malformed', `${who} answered with more than ${MAX_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function describe(who: string, error: unknown, signal: AbortSignal): SecretFailure {
  if (signal.aborted) return new SecretFailure('timeout', `${who} did not answer in time`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new SecretFailure('unreachable', `${who} cannot be reached (${code})`, {
    remedy: 'check its address, and that it runs',
  });
}

/** What a status that is no success means. `what` was asked for; the answer itself is never quoted. */
export function failureOf(
  who: string,
  what: string,
  { status, retryAfterMs }: Pick<ManagerAnswer, 'status' | 'retryAfterMs'>,
  code?: string,
): SecretFailure {
  const told = code !== undefined && /^[A-Za-z_.-]{1,64}$/.test(code) ? `${status} ${code}` : String(status);
  if (status === 429) return new SecretFailure('throttled', `${who} takes no more requests for now`, { retryAfterMs });
  if (status >= 500 || status === 408)
    return new SecretFailure('failed', `${who} failed to give ${what} (${told})`, { retryAfterMs });
  if (status === 404)
    return new SecretFailure('missing', `${who} has nothing at ${what}`, { remedy: 'check the path, or put it there' });
  if (status === 401 || status === 403)
    return new SecretFailure('refused', `${who} refused to give ${what} (${told})`, {
      remedy: `check the credentials in "secrets.${who}", and what they may read`,
    });
  return new SecretFailure('malformed', `${who} did not understand the request for ${what} (${told})`);
}

/** A JSON object, or SecretFailure. */
export function parseAnswer(who: string, text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as { readonly [name: string]: unknown };
  } catch {
    // Below: what it says is not repeated.
  }
  throw new SecretFailure('malformed', `${who} gave an answer that cannot be read`);
}
