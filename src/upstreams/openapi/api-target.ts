/** Where the calls of a server go and what the configuration sends along: the one origin that is ever called. */

import type { OpenApiAuth, OpenApiTransport } from '../../contracts/config.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { Secret } from '../../contracts/secret.ts';
import { isObject } from '../../lib/is-object.ts';
import { DocumentError } from './document-error.ts';
import type { ReservedNames } from './plan-inputs.ts';
import { encode, type Pair } from './write-parameters.ts';

/** What is sent with every request, opened. */
export interface Credentials {
  /** Names in lower case. */
  readonly headers: readonly Pair[];
  readonly query: readonly Pair[];
  /** `name=value`, or undefined. */
  readonly cookie: string | undefined;
  readonly reserved: ReservedNames;
  readonly isEmpty: boolean;
}

/** These belong to the connection or to the single request. */
const NOT_CONFIGURABLE: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade'],
]);

export function openCredentials({
  headers: configured,
  auth,
}: Pick<OpenApiTransport, 'headers' | 'auth'>): Credentials {
  const headers = new Map<string, string>();
  for (const [name, secret] of Object.entries(configured)) {
    const lower = name.toLowerCase();
    if (!NOT_CONFIGURABLE.has(lower)) headers.set(lower, secret.open());
  }
  const query: Pair[] = [];
  const cookies = [headers.get('cookie')];
  headers.delete('cookie');
  switch (auth?.type) {
    case 'bearer':
      headers.set('authorization', `Bearer ${auth.token.open()}`);
      break;
    case 'basic':
      headers.set('authorization', `Basic ${basicOf(auth.username, auth.password)}`);
      break;
    case 'header':
      headers.set(auth.name.toLowerCase(), auth.value.open());
      break;
    case 'query':
      query.push([encode(auth.name), encode(auth.value.open())]);
      break;
    case 'cookie':
      cookies.push(`${auth.name}=${auth.value.open()}`);
  }
  const reserved = {
    headers: new Set([...headers.keys(), ...(cookies[0] === undefined ? [] : ['cookie'])]),
    query: new Set(auth?.type === 'query' ? [auth.name] : []),
    cookies: new Set(auth?.type === 'cookie' ? [auth.name] : []),
  };
  const cookie = cookies.filter((each) => each !== undefined).join('; ');
  return {
    headers: [...headers],
    query,
    cookie: cookie === '' ? undefined : cookie,
    reserved,
    isEmpty: headers.size === 0 && query.length === 0 && cookie === '',
  };
}

const basicOf = (username: Secret, password: Secret): string =>
  Buffer.from(`${username.open()}:${password.open()}`).toString('base64');

/** Everything of the configuration that must not show anywhere, in each form a server may repeat it, longest first. */
export function secretTexts({ headers, auth }: Pick<OpenApiTransport, 'headers' | 'auth'>): readonly string[] {
  return formsOf([...Object.values(headers).map((secret) => secret.open()), ...authTexts(auth)]);
}

/** The values in each form a server may repeat them, longest first. */
export function formsOf(given: readonly string[]): readonly string[] {
  // A server may quote the token without its scheme.
  const tokens = given.map((text) => /^\S+\s+(\S+)$/.exec(text)?.[1] ?? text);
  const forms = [...given, ...tokens].flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encode(text)]);
  return [...new Set(forms)].filter((text) => text.length >= 6).sort((a, b) => b.length - a.length);
}

function authTexts(auth: OpenApiAuth | undefined): string[] {
  if (auth === undefined) return [];
  switch (auth.type) {
    case 'bearer':
      return [auth.token.open()];
    case 'basic':
      return [auth.password.open(), basicOf(auth.username, auth.password)];
    default:
      return [auth.value.open()];
  }
}

/** `text` without any of `secrets`. Where it was cut off, what may be the beginning of one goes too. */
export function redactTexts(text: string, secrets: readonly string[], isCut = false): string {
  let out = text;
  for (const secret of secrets) out = out.replaceAll(secret, '[redacted]');
  const longest = secrets[0];
  if (!isCut || longest === undefined) return out;
  for (let length = Math.min(longest.length - 1, out.length); length >= 3; length--) {
    const tail = out.slice(-length);
    if (secrets.some((secret) => secret.startsWith(tail))) return out.slice(0, -length);
  }
  return out;
}

export interface ApiBase {
  readonly origin: string;
  /** Without a slash at its end; '' for the root. */
  readonly path: string;
}

/**
 * Where the API is: the configured address, else the first server of the document, which may be relative to where the
 * document came from. A credential goes only where the configuration itself says, or where the document came from.
 * Throws DocumentError.
 */
export function findBase(options: {
  readonly baseUrl: string | undefined;
  readonly documentUrl: URL | undefined;
  readonly servers: unknown;
  readonly hasCredentials: boolean;
}): ApiBase {
  const { baseUrl, documentUrl } = options;
  if (baseUrl !== undefined) return baseOf(new URL(baseUrl));
  const url = readServerUrl(options.servers, documentUrl);
  if (url === undefined) throw new DocumentError('the document does not say where the API is; set "baseUrl"');
  if (options.hasCredentials && documentUrl !== undefined && documentUrl.origin !== url.origin)
    throw new DocumentError(
      `the document is at ${documentUrl.origin} and sends calls to ${url.origin}; set "baseUrl" to say that your credential may go there`,
    );
  return baseOf(url);
}

function baseOf(url: URL): ApiBase {
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') };
}

/** The first of `servers`, its variables at their defaults; undefined if it is no http address. */
export function readServerUrl(servers: unknown, relativeTo: URL | undefined): URL | undefined {
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined;
  const server: JsonObject = isObject(first) ? first : { url: '/' };
  if (typeof server.url !== 'string') return undefined;
  const variables = isObject(server.variables) ? server.variables : {};
  const text = server.url.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return isObject(variable) && typeof variable.default === 'string' ? variable.default : whole;
  });
  const url = URL.parse(text, relativeTo?.href);
  const isUsable = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isUsable ? url : undefined;
}
