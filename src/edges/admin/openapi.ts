/** The admin API as an OpenAPI 3.1 document, made of the declarations alone. */

import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../contracts/errors.ts';
import { BoundShape, GrantShape } from '../../contracts/shapes/grant.ts';
import { LimitsShape } from '../../contracts/shapes/limits.ts';
import type { Operation } from './define-operation.ts';
import { shareSchemas } from './share-schemas.ts';

interface Json {
  readonly [member: string]: unknown;
}

/** What any operation may answer once somebody is to be authenticated. */
const COMMON: readonly ErrorCode[] = [
  'unauthenticated',
  'forbidden',
  'forbidden_origin',
  'too_many_attempts',
  'invalid_params',
  'internal',
];
const WITH_BODY: readonly ErrorCode[] = ['parse_error', 'unsupported_media_type', 'body_too_large'];

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: { readonly [name: string]: Json };
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    ...{ name, in: place, required: place === 'path' || required.includes(name) },
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function headersOf({ precondition, method }: Operation): readonly Json[] {
  const header = (name: string, description: string, required = false): Json => ({
    ...{ name, in: 'header', required, description, schema: { type: 'string' } },
  });
  return [
    ...(precondition === 'none'
      ? []
      : [header('If-Match', 'ETag of the version that was read, or `*`.', precondition === 'required')]),
    ...(method === 'POST'
      ? [header('Idempotency-Key', 'The same key and request: the same answer, for 24 hours.')]
      : []),
  ];
}

/** Codes by status: OpenAPI knows one answer for each. */
function problemsOf(operation: Operation): Json {
  const { permission, body, precondition, method, problems = [] } = operation;
  const codes = new Set<ErrorCode>([
    ...(permission === 'public' ? (['invalid_params', 'internal'] as const) : COMMON),
    ...(body === undefined ? [] : WITH_BODY),
    ...(precondition === 'none' ? [] : (['changed_meanwhile'] as const)),
    ...(precondition === 'required' ? (['version_required'] as const) : []),
    ...(method === 'POST' ? (['idempotency_mismatch', 'repeated_too_soon'] as const) : []),
    ...(method === 'GET' ? [] : (['too_many'] as const)),
    ...problems,
  ]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes)
    byStatus.set(ERRORS[code].httpStatus, [...(byStatus.get(ERRORS[code].httpStatus) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      status,
      {
        description: each.map((code) => `\`${code}\`: ${ERRORS[code].text}.`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function describe(operation: Operation): Json {
  const { id, tag, summary, permission, params, query, body, answer, status, precondition } = operation;
  const hasEtag = precondition !== 'none';
  const needs = permission === 'anyone' || permission === 'public' ? '' : `Takes the permission \`${permission}\`.`;
  return {
    ...{ operationId: id, tags: [tag], summary },
    ...(needs !== '' && { description: needs }),
    ...(permission === 'public' && { security: [] }),
    parameters: [...parametersOf('path', params), ...parametersOf('query', query), ...headersOf(operation)],
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      [status]: {
        description: summary,
        ...(hasEtag && { headers: { ETag: { description: 'Version of the object.', schema: { type: 'string' } } } }),
        content: { 'application/json': { schema: schemaOf(answer, 'output') } },
      },
      ...problemsOf(operation),
    },
  };
}

const PROBLEM: Json = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERRORS), description: 'See docs/reference/errors.md.' },
    errors: {
      type: 'array',
      description: 'Everything that is wrong with the request.',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'detail'],
        properties: {
          in: { type: 'string', enum: ['path', 'query', 'header', 'body'] },
          pointer: { type: 'string', description: 'In a body: JSON pointer. Else the name of the parameter.' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

/** Of the API, not of the program: what was once said stays true as long as it is 1. */
const API_VERSION = '1.0.0';

export function renderOpenApi(operations: readonly Operation[]): Json {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) };
  }
  const { document, schemas } = shareSchemas(paths, namedSchemas(operations));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis admin API',
      version: API_VERSION,
      description:
        'Manages who may use the gateway and what it is made of. Times are milliseconds since 1970, money is in US dollars where people write it and in micro-dollars where it is added up.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ adminToken: [] }, { session: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: document,
    components: {
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'An admin token, `pca_…`.' },
        session: {
          ...{ type: 'apiKey', in: 'cookie', name: '__Host-portcullis', description: 'Of a person who is signed in.' },
        },
      },
      schemas: { Problem: PROBLEM, ...schemas },
    },
  };
}

/** What is read as `Team` is made as `NewTeam`; parts that people write have other defaults than those that are shown. */
function namedSchemas(operations: readonly Operation[]): readonly (readonly [string, Json])[] {
  const parts: readonly (readonly [string, z.ZodType])[] = [
    ['Grant', GrantShape],
    ['Bounds', BoundShape],
    ['Limits', LimitsShape],
  ];
  return [
    ...parts.flatMap(([name, schema]) => [
      [name, schemaOf(schema, 'output')] as const,
      [`New${name}`, schemaOf(schema, 'input')] as const,
    ]),
    ...operations.flatMap(({ id, answer }) => {
      const read = /^get(\w+)/.exec(id)?.[1];
      return read === undefined ? [] : [[read, schemaOf(answer, 'output')] as const];
    }),
    ...operations.flatMap(({ id, answer, body }) => {
      const made = /^create(\w+)/.exec(id)?.[1];
      if (made === undefined || body === undefined) return [];
      return [[`New${made}`, schemaOf(body, 'input')] as const, [`Made${made}`, schemaOf(answer, 'output')] as const];
    }),
  ];
}
