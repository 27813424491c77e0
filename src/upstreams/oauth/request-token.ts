/** One request to a token endpoint that brings a token or says why not; nothing that was sent shows in what it says. */

import type { ExchangeClient } from '../../contracts/token-exchange.ts';
import { isObject } from '../../lib/is-object.ts';
import type { FetchLike } from './guarded-fetch.ts';
import { describeFailure } from './refresh-tokens.ts';

/** `refused`: asking again would change nothing. `message` is for callers and operators. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';
  readonly kind: 'refused' | 'unavailable';
  constructor(kind: 'refused' | 'unavailable', message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface IssuedToken {
  readonly token: string;
  /** As the issuer calls it; undefined: not told. */
  readonly issuedType: string | undefined;
  readonly tokenType: string;
  readonly lifeMs: number | undefined;
  readonly scope: string | undefined;
}

interface TokenRequest {
  readonly client: ExchangeClient;
  readonly endpoint: string;
  /** Ways that the endpoint takes a client's secret; undefined: not told. */
  readonly authMethods?: readonly string[] | undefined;
  /** Members that are undefined are left out. */
  readonly form: { readonly [name: string]: string | undefined };
}

/** Rejects with ExchangeFailure. */
export async function requestToken(fetchFn: FetchLike, request: TokenRequest): Promise<IssuedToken> {
  const { client, endpoint } = request;
  const url = new URL(endpoint);
  if (url.protocol !== 'https:' && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
    throw new ExchangeFailure('refused', `${client.issuer} has a token endpoint without https, which gets no token`);
  const answer = await post(fetchFn, request).catch((error: unknown) => {
    throw new ExchangeFailure('unavailable', `${client.issuer} cannot be asked: ${describeFailure(error)}`);
  });
  const body = parse(answer.text);
  if (answer.status >= 500 || answer.status === 429)
    throw new ExchangeFailure('unavailable', `${client.issuer} answered ${answer.status}`);
  if (answer.status !== 200) {
    // Its description is left out: some quote the token in it.
    const code = typeof body?.error === 'string' ? body.error.replace(/[^\w.-]/g, '?').slice(0, 64) : '';
    const kind = code === 'temporarily_unavailable' ? 'unavailable' : 'refused';
    throw new ExchangeFailure(kind, `${client.issuer} refused with ${code === '' ? String(answer.status) : code}`);
  }
  const {
    access_token: token,
    token_type: tokenType,
    issued_token_type: issuedType,
    expires_in: life,
    scope,
  } = body ?? {};
  // As it goes into a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || typeof tokenType !== 'string')
    throw new ExchangeFailure('unavailable', `${client.issuer} answered with nothing that is a token`);
  const seconds = Number(life);
  return {
    ...{ token, tokenType: tokenType.toLowerCase() },
    issuedType: typeof issuedType === 'string' ? issuedType : undefined,
    lifeMs: life !== undefined && seconds >= 0 ? seconds * 1_000 : undefined,
    scope: typeof scope === 'string' ? scope : undefined,
  };
}

async function post(
  fetchFn: FetchLike,
  { client, endpoint, authMethods, form }: TokenRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value);
  const headers: { [name: string]: string } = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  const secret = client.clientSecret?.open();
  if (secret !== undefined && (authMethods === undefined || authMethods.includes('client_secret_basic'))) {
    const pair = `${encodeURIComponent(client.clientId)}:${encodeURIComponent(secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    body.set('client_id', client.clientId);
    if (secret !== undefined) body.set('client_secret', secret);
  }
  const response = await fetchFn(endpoint, { method: 'POST', headers, body: body.toString() });
  return { status: response.status, text: await response.text() };
}

function parse(text: string): { readonly [member: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
