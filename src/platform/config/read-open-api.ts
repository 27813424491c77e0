// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** An entry of type `openapi`: the document, where its API is, what is sent along, and which operations are wanted. */

import { resolve } from 'node:path';
import type { z } from 'zod';
import type { OpenApiAuth, OpenApiTransport } from '../../contracts/config.ts';
import { Secret } from '../../contracts/secret.ts';
import { describeKind } from './describe-issue.ts';
import { readPart } from './document.ts';
import { type Entry, reportMissing, shownAsWritten, written } from './entry.ts';
import { checkUrl, readHeaders } from './read-remote.ts';
import { nodeAt } from './report.ts';
import { OpenApiAuthEntry } from './server-schema.ts';

const DEFAULT_RESPONSE_BYTES = 1_048_576;
const AUTH_FIELDS: { readonly [type in OpenApiAuth['type']]: readonly string[] } = {
  bearer: ['type', 'token'],
  basic: ['type', 'username', 'password'],
  header: ['type', 'name', 'value'],
  query: ['type', 'name', 'value'],
  cookie: ['type', 'name', 'value'],
};

/** Reports what is wrong with its content; always returns a transport. */
export function readOpenApi(entry: Entry): OpenApiTransport {
  const { document, path, node, value } = entry;
  const { report } = document;
  const given = value.document ?? '';
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(given);
  if (given.trim() === '') reportMissing(entry, 'document', 'name the OpenAPI document, e.g. "./api.yaml"');
  else if (isAddress) checkUrl(entry, 'document', given);
  if (value.baseUrl !== undefined) {
    checkUrl(entry, 'baseUrl', value.baseUrl);
    if (/[?#]/.test(value.baseUrl))
      report.problem([...path, 'baseUrl'], 'holds a query or fragment', 'leave it out; a key in the query is "auth"');
  }
  for (const list of ['include', 'exclude'] as const)
    for (const [i, pattern] of (value.operations?.[list] ?? []).entries())
      if (pattern.trim() === '')
        report.problem([...path, 'operations', list, i], 'is empty', 'write an operationId, "tag:NAME" or "GET /path"');
  const transport: OpenApiTransport = {
    type: 'openapi',
    document: isAddress ? given : resolve(document.scope.folder, given),
    baseUrl: value.baseUrl,
    headers: readHeaders(entry),
    auth: readAuth(entry),
    operations: { include: value.operations?.include ?? [], exclude: value.operations?.exclude ?? [] },
    maxResponseBytes: value.maxResponseBytes ?? DEFAULT_RESPONSE_BYTES,
  };
  return shownAsWritten(transport, {
    document: written(node, ['document']) ?? given,
    baseUrl: written(node, ['baseUrl']) ?? value.baseUrl,
  });
}

function readAuth(entry: Entry): OpenApiAuth | undefined {
  const { document, path, node } = entry;
  const { report } = document;
  const at = [...path, 'auth'];
  const found = nodeAt(node, ['auth']);
  if (found === undefined) return undefined;
  if (found.type !== 'object') {
    report.problem(
      at,
      `expected an object {…}, got ${describeKind(found)}`,
      'write { "type": "bearer", "token": "${env:NAME}" }',
    );
    return undefined;
  }
  const type = written(found, ['type']);
  const fields =
    type !== undefined && Object.hasOwn(AUTH_FIELDS, type) ? AUTH_FIELDS[type as OpenApiAuth['type']] : ['type'];
  const before = report.problems.length;
  const value = readPart(document, at, found, OpenApiAuthEntry, fields, { pasted: true, off: entry.off });
  if (value === undefined || report.problems.length > before) return undefined;
  return checkAuth(entry, value);
}

function checkAuth({ document, path }: Entry, value: z.output<typeof OpenApiAuthEntry>): OpenApiAuth {
  const { report } = document;
  const at = [...path, 'auth'];
  for (const [field, content] of Object.entries(value)) {
    if (content === '' && !(value.type === 'basic' && field !== 'type'))
      report.problem([...at, field], 'is empty', 'write ${env:NAME} and set that variable');
    else if (/[^\t\x20-\x7e\x80-\xff]/.test(content) && value.type !== 'basic' && value.type !== 'query')
      report.problem([...at, field], 'holds a line break or another character that no HTTP header can');
  }
  switch (value.type) {
    case 'bearer':
      return { type: 'bearer', token: new Secret(value.token) };
    case 'basic':
      if (value.username.includes(':'))
        report.problem([...at, 'username'], 'holds a ":", which ends a user name in HTTP');
      return { type: 'basic', username: new Secret(value.username), password: new Secret(value.password) };
    default:
      if (value.type !== 'query' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value.name))
        report.problem([...at, 'name'], `is no name that a ${value.type} can have`);
      if (value.type === 'cookie' && /[;,\s"\\]/.test(value.value))
        report.problem([...at, 'value'], 'holds a character that no cookie can');
      return { type: value.type, name: value.name, value: new Secret(value.value) };
  }
}
