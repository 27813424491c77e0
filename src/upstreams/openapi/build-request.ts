/** From the arguments of a call to the one HTTP request they mean, or to what is wrong with them. */

import { closest } from '../../lib/closest.ts';
import type { HttpRequest } from '../http/client.ts';
import type { ApiBase, Credentials } from './api-target.ts';
import { ArgumentError } from './document-error.ts';
import type { Operation } from './list-operations.ts';
import type { InputPlan } from './plan-inputs.ts';
import { writeBody } from './write-body.ts';
import { type Pair, writeHeader, writePairs, writePathParameter } from './write-parameters.ts';

const MAX_PATH_CHARS = 32_768;
const MAX_HEADER_CHARS = 16_384;

export interface RequestDeps {
  readonly operation: Pick<Operation, 'method' | 'path'>;
  readonly base: ApiBase;
  readonly input: InputPlan;
  readonly credentials: Credentials;
  readonly userAgent: string;
}

type Arguments = { readonly [name: string]: unknown };

/** Throws ArgumentError. */
export function buildRequest(deps: RequestDeps, args: Arguments, traceparent: string | undefined): HttpRequest {
  checkNames(deps.input, args);
  const { operation, base, credentials } = deps;
  const [path, query] = buildAddress(deps, args);
  const allPairs = [...query, ...credentials.query].map((pair) => pair.join('=')).join('&');
  const address = allPairs === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${allPairs}`;
  if (address.length > MAX_PATH_CHARS)
    throw new ArgumentError(`the arguments make the address longer than ${MAX_PATH_CHARS} characters`);
  // Whatever the parts were, they must not have become another address.
  const url = URL.parse(base.origin + address);
  if (url === null || url.origin !== base.origin || url.pathname !== address.split('?')[0])
    throw new ArgumentError('the arguments make an address that is not the one of this operation');

  const body = deps.input.body === undefined ? undefined : writeBody(deps.input.body, args);
  const headers = new Map([
    ['accept', 'application/json, text/*;q=0.9, */*;q=0.8'],
    ['accept-encoding', 'identity'],
    ['user-agent', deps.userAgent],
    ...(traceparent === undefined ? [] : [['traceparent', traceparent] as const]),
    ...buildHeaders(deps, args),
    // What the configuration says comes last, so that nothing a caller gave can stand in its place.
    ...credentials.headers,
    ...(body === undefined ? [] : [['content-type', body.contentType] as const]),
  ]);
  const method = operation.method.toUpperCase() as HttpRequest['method'];
  return { method, origin: base.origin, path: address, headers: [...headers].flat(), body: body?.content };
}

/** Typing mistakes must not vanish: an argument that is not sent would look as if it had had no effect. */
function checkNames({ parameters, body, inputSchema }: InputPlan, args: Arguments): void {
  const known = Object.keys(inputSchema.properties ?? {});
  for (const name of Object.keys(args)) {
    if (known.includes(name)) continue;
    const near = closest(name, known);
    const remedy = near === undefined ? `known: ${known.slice(0, 30).join(', ') || 'none'}` : `did you mean "${near}"?`;
    throw new ArgumentError(`there is no argument ${JSON.stringify(name.slice(0, 80))}; ${remedy}`);
  }
  const required = new Set(parameters.filter((each) => each.required).map(({ argument }) => argument));
  if (body?.required && body.from.type === 'whole') required.add(body.from.argument);
  for (const name of required) if (!Object.hasOwn(args, name)) throw new ArgumentError(`"${name}" is required`);
}

function buildAddress({ operation, base, input, credentials }: RequestDeps, args: Arguments): [string, Pair[]] {
  const given = input.parameters.filter(({ argument }) => Object.hasOwn(args, argument));
  // What stands behind a `#` tells apart operations that differ only in their body.
  const [template = ''] = operation.path.split('#');
  const parts = new Map(
    given
      .filter(({ place }) => place === 'path')
      .map((plan) => [plan.name, writePathParameter(plan, args[plan.argument])] as const),
  );
  const path = template
    .split(/(\{[^{}]*\})/)
    .map((part) => (part.startsWith('{') ? (parts.get(part.slice(1, -1)) ?? '') : encodeFixed(part)))
    .join('');
  if (path.split(/[/?]/).some((part) => part === '.' || part === '..'))
    throw new ArgumentError('the arguments make a step to another path');
  const query = given.filter(({ place }) => place === 'query').flatMap((plan) => writePairs(plan, args[plan.argument]));
  for (const [name] of query)
    if (credentials.query.some(([own]) => own === name))
      throw new ArgumentError(`the query parameter "${name}" is not for callers to set`);
  return [base.path + path, query];
}

/** Text of the document between parameters, as it must stand in an address. */
function encodeFixed(text: string): string {
  return text.replaceAll(/[^\w\-.~!$&'()*+,;=:@/?%]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function buildHeaders({ input, credentials }: RequestDeps, args: Arguments): Pair[] {
  const headers: Pair[] = [];
  const cookies: string[] = credentials.cookie === undefined ? [] : [credentials.cookie];
  for (const plan of input.parameters) {
    const value = Object.hasOwn(args, plan.argument) ? args[plan.argument] : undefined;
    if (value === undefined || value === null) continue;
    if (plan.place === 'header') headers.push([plan.name.toLowerCase(), writeHeader(plan, value)]);
    if (plan.place !== 'cookie') continue;
    for (const [name, text] of writePairs(plan, value)) {
      if (plan.name !== name && credentials.reserved.cookies.has(decodeURIComponent(name)))
        throw new ArgumentError(`the cookie "${name}" is not for callers to set`);
      cookies.push(`${name}=${text}`);
    }
  }
  if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')]);
  if (headers.some(([, text]) => text.length > MAX_HEADER_CHARS))
    throw new ArgumentError(`a header would be longer than ${MAX_HEADER_CHARS} characters`);
  return headers;
}
