import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { isObject } from '../../lib/is-object.ts';
import { renderOpenApi } from './openapi.ts';
import { listOperations } from './operations.ts';

const operations = listOperations({ standings: true, config: true, explain: true, runs: true, approvals: true });
const document = JSON.parse(JSON.stringify(renderOpenApi(operations))) as { readonly [member: string]: unknown };

function* objectsIn(value: unknown): Generator<{ readonly [member: string]: unknown }> {
  if (Array.isArray(value)) for (const each of value) yield* objectsIn(each);
  if (!isObject(value)) return;
  yield value;
  for (const each of Object.values(value)) yield* objectsIn(each);
}

test('the document in the reference is the one the declarations give: npm run schema', () => {
  const file = new URL('../../../docs/reference/openapi.json', import.meta.url);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), document);
});

test('every operation has a name of its own, a summary, and its path once for each method', () => {
  const ids = operations.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const places = operations.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
  assert.equal(new Set(places).size, places.length);
  for (const { id, summary, path } of operations) {
    assert.match(summary, /^[A-Z].*[^.]$/, id);
    assert.match(path, /^(\/([a-z.-]+|\{\w+\}))+$/, id);
  }
});

test('what stands in a path is declared, and what is declared stands there', () => {
  for (const [path, methods] of Object.entries(document.paths as object)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { parameters, operationId } of Object.values(methods as object)) {
      const declared = parameters.filter((each: { in: string }) => each.in === 'path');
      assert.deepEqual(
        declared.map((each: { name: string }) => each.name),
        inPath,
        operationId,
      );
      assert.ok(
        declared.every((each: { required: boolean }) => each.required),
        operationId,
      );
    }
  }
});

test('nothing points nowhere, nothing is there that nobody points at, and every object that people write is closed', () => {
  const { schemas } = document.components as { readonly schemas: { readonly [name: string]: object } };
  const used = new Set([...objectsIn(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : [])));
  assert.deepEqual(
    [...used].sort(),
    Object.keys(schemas)
      .map((name) => `#/components/schemas/${name}`)
      .sort(),
  );
  for (const operation of operations)
    if (operation.body !== undefined)
      for (const schema of objectsIn(z.toJSONSchema(operation.body, { io: 'input', unrepresentable: 'any' })))
        if (schema.type === 'object') assert.notEqual(schema.additionalProperties, undefined, operation.id);
});
