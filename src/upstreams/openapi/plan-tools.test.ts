/** Documents as nobody would write them: whatever stands where, a document is offered or refused, and nothing else happens. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OpenApiTransport } from '../../contracts/config.ts';
import { openCredentials } from './api-target.ts';
import { buildRequest } from './build-request.ts';
import { ArgumentError, DocumentError } from './document-error.ts';
import { parseApiDocument } from './parse-document.ts';
import { type PlannedTools, planTools } from './plan-tools.ts';

const BOOKSHOP = readFileSync(new URL('../../../examples/openapi/bookshop.yaml', import.meta.url), 'utf8');
const BASE = 'https://api.example/v1';

async function plan(text: string): Promise<PlannedTools | undefined> {
  const transport = { baseUrl: BASE, operations: { include: [], exclude: [] } } as unknown as OpenApiTransport;
  try {
    const credentials = openCredentials({ headers: {}, auth: undefined });
    return await planTools(parseApiDocument(text), { transport, credentials, documentUrl: undefined });
  } catch (error) {
    assert.ok(error instanceof DocumentError, String((error as Error).stack));
    return undefined;
  }
}

interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** A definition as clients need it: a valid name, an object schema, and no reference that leads nowhere. */
function checkDefinition(text: string): void {
  const tool = JSON.parse(text) as { name: string; inputSchema: JsonSchema; outputSchema?: JsonSchema };
  assert.match(tool.name, /^[a-zA-Z0-9_-]{1,64}$/);
  for (const schema of [tool.inputSchema, tool.outputSchema]) {
    if (schema === undefined) continue;
    assert.equal(schema.type, 'object');
    const defs = Object.keys((schema.$defs ?? {}) as object);
    const visit = (value: unknown, isMap: boolean): void => {
      if (typeof value !== 'object' || value === null) return;
      const { $ref } = value as { $ref?: unknown };
      if (!isMap && $ref !== undefined) assert.ok(defs.includes(String($ref).replace('#/$defs/', '')), String($ref));
      for (const [key, each] of Object.entries(value))
        if (!['default', 'const', 'enum', 'examples', 'dependentRequired'].includes(key) || isMap)
          visit(each, !isMap && ['properties', 'patternProperties', '$defs'].includes(key));
    };
    visit(schema, false);
  }
}

/** Paths to all values of a document. */
function placesOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...at, key]))];
}

function replaceAt(value: unknown, [first, ...rest]: readonly string[], next: unknown): unknown {
  if (first === undefined) return next;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as { [key: string]: unknown })[first] = replaceAt((value as { [key: string]: unknown })[first], rest, next);
  return copy;
}

test('a document with anything in any place is offered or refused, and what is offered is valid', async () => {
  const { root } = parseApiDocument(BOOKSHOP);
  const places = placesOf(root).filter((place) => place.length > 0);
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(
      { $ref: '#/components/schemas/Book' },
      { $ref: '#/components/schemas/Genre' },
      { $ref: '#/paths' },
      { $ref: '#' },
      { $ref: '../x.yaml' },
      { type: 'object', properties: { constructor: { type: 'string' }, toString: {} } },
      { allOf: [{ $ref: '#/components/schemas/Book' }, { required: ['nowhere'] }] },
      true,
    ),
  );
  let offered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...places), odd), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        let changed: unknown = root;
        for (const [place, value] of changes) {
          try {
            changed = replaceAt(changed, place, value);
          } catch {
            // An earlier change took the place away.
          }
        }
        const planned = await plan(JSON.stringify(changed));
        for (const { definition } of planned?.tools.values() ?? []) checkDefinition(definition);
        if (planned !== undefined) offered++;
      },
    ),
    { numRuns: 1_500 },
  );
  assert.ok(offered > 500, `only ${offered} were offered`);
});

test('a place of a parameter that is no text, and cannot be made one, is passed over', async () => {
  const { root } = parseApiDocument(BOOKSHOP);
  const odd = replaceAt(root, ['components', 'parameters', 'Limit', 'in'], [{ toString: 0 }]);
  const planned = await plan(JSON.stringify(odd));
  assert.equal(planned?.tools.size, 8);
});

test('whatever the arguments, a request goes to the configured origin and below its path, or nowhere', async () => {
  const planned = await plan(BOOKSHOP);
  const tools = [...(planned?.tools.values() ?? [])];
  assert.equal(tools.length, 8);
  const credentials = openCredentials({ headers: {}, auth: undefined });
  let sent = 0;
  const names = fc.constantFrom(
    'bookId',
    'q',
    'genre',
    'price',
    'limit',
    'title',
    'book',
    'copies',
    'picture',
    'Idempotency-Key',
  );
  fc.assert(
    fc.property(fc.constantFrom(...tools), fc.dictionary(names, fc.jsonValue()), (tool, args) => {
      try {
        const request = buildRequest({ ...tool, credentials, userAgent: 'x' }, { bookId: '1', ...args }, undefined);
        sent++;
        assert.equal(request.origin, 'https://api.example');
        assert.ok(new URL(request.origin + request.path).pathname.startsWith('/v1/'), request.path);
      } catch (error) {
        assert.ok(error instanceof ArgumentError, String((error as Error).stack));
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(sent > 50, `only ${sent} could be sent`);
});

test('where everything refers to everything, definitions stay of a size to live with', async () => {
  const schemas: { [name: string]: object } = {};
  for (let i = 0; i < 800; i++) {
    const other = (by: number): object => ({ $ref: `#/components/schemas/S${(i * by + 7) % 800}` });
    const properties = { a: other(3), b: { type: 'array', items: other(5) }, c: other(11), d: { type: 'string' } };
    schemas[`S${i}`] = { type: 'object', properties };
  }
  const paths = (count: number): object =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => {
        const content = { 'application/json': { schema: { $ref: `#/components/schemas/S${i % 800}` } } };
        return [`/p${i}`, { post: { requestBody: { content }, responses: { 200: { description: '', content } } } }];
      }),
    );
  const document = (count: number): string =>
    JSON.stringify({ openapi: '3.1.0', info: {}, paths: paths(count), components: { schemas } });
  const planned = await plan(document(20));
  assert.equal(planned?.tools.size, 20);
  for (const { definition } of planned?.tools.values() ?? []) {
    assert.ok(definition.length < 100_000, `${definition.length} characters`);
    checkDefinition(definition);
  }
});
