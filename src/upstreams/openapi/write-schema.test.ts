import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../contracts/json.ts';
import { UnsupportedError } from './document-error.ts';
import { createReferences } from './references.ts';
import { type Schema, writeSchemas } from './write-schema.ts';

interface Wish {
  readonly dialect?: '3.0' | '3.1';
  readonly purpose?: 'input' | 'output';
  readonly schemas?: JsonObject;
}

function write(schema: unknown, { dialect = '3.1', purpose = 'input', schemas = {} }: Wish = {}): Schema {
  const references = createReferences({ components: { schemas } });
  return writeSchemas({ references, dialect, purpose }, (writer) => {
    const written = writer.write(schema);
    const $defs = writer.defs();
    return $defs === undefined ? written : { ...written, $defs };
  });
}

const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

test("3.0's nullable, exclusive limits and example become JSON Schema 2020-12", () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string', nullable: true, enum: ['x'], example: 'x' },
      b: { type: 'integer', minimum: 1, exclusiveMinimum: true },
      c: { nullable: true, allOf: [{ type: 'object' }] },
    },
  };
  assert.deepEqual(write(schema, { dialect: '3.0' }).properties, {
    a: { type: ['string', 'null'], enum: ['x', null], examples: ['x'] },
    b: { type: 'integer', exclusiveMinimum: 1 },
    c: { anyOf: [{ allOf: [{ type: 'object' }] }, { type: 'null' }] },
  });
});

test('types of 3.1 stay, and what is no JSON Schema goes', () => {
  const schema = { type: ['string', 'null'], xml: {}, discriminator: {}, 'x-a': 1, required: true, $id: 'http://a/b' };
  assert.deepEqual(write(schema), { type: ['string', 'null'] });
  assert.deepEqual(write({ type: 'file' }), {});
  assert.deepEqual(write(true), {});
});

test('references are written out, a description beside one is kept', () => {
  const schemas = { Name: { type: 'string', description: 'old' } };
  assert.deepEqual(write({ ...ref('Name'), description: 'new' }, { schemas }), { type: 'string', description: 'new' });
  assert.deepEqual(write({ ...ref('Name'), minLength: 1 }, { schemas, dialect: '3.1' }), {
    minLength: 1,
    allOf: [{ type: 'string', description: 'old' }],
  });
  assert.deepEqual(write({ ...ref('Name'), minLength: 1 }, { schemas, dialect: '3.0' }), schemas.Name);
});

test('a circle goes through $defs', () => {
  const schemas = { Node: { type: 'object', properties: { next: ref('Node'), value: { type: 'string' } } } };
  const written = write(ref('Node'), { schemas });
  const inner = { type: 'object', properties: { next: { $ref: '#/$defs/Node' }, value: { type: 'string' } } };
  assert.deepEqual(written, { ...inner, $defs: { Node: inner } });
});

test('schemas that would explode when written out stay small', () => {
  const schemas: { [name: string]: JsonObject } = { S0: { type: 'string' } };
  for (let i = 1; i <= 40; i++)
    schemas[`S${i}`] = { type: 'object', properties: { a: ref(`S${i - 1}`), b: ref(`S${i - 1}`) } };
  const text = JSON.stringify(write(ref('S40'), { schemas }));
  assert.ok(text.length < 10_000, `${text.length} characters`);
  for (const [, name = ''] of text.matchAll(/"#\/\$defs\/(\w+)"/g)) assert.ok(text.includes(`"${name}":{`), name);
});

test('read-only properties are not asked for, write-only ones not promised', () => {
  const schemas = { Id: { type: 'integer', readOnly: true } };
  const schema = {
    type: 'object',
    required: ['id', 'name', 'secret'],
    properties: { id: ref('Id'), name: { type: 'string', minLength: 1 }, secret: { type: 'string', writeOnly: true } },
  };
  const input = write(schema, { schemas });
  assert.deepEqual(Object.keys(input.properties as object), ['name', 'secret']);
  assert.deepEqual(input.required, ['name', 'secret']);
  assert.deepEqual(write(schema, { schemas, purpose: 'output' }), {
    type: 'object',
    properties: { id: { type: 'integer' }, name: { type: 'string' } },
  });
});

test('nothing outside the document is opened', () => {
  for (const $ref of [
    '/etc/passwd',
    'file:///etc/passwd',
    'http://127.0.0.1/x',
    'other.yaml#/A',
    '#anchor',
    '#/no/where',
  ])
    assert.throws(() => write({ type: 'array', items: { $ref } }), UnsupportedError, $ref);
  const schemas = { A: ref('B'), B: ref('A') };
  assert.throws(() => createReferences({ components: { schemas } }).follow(ref('A')), /circle/);
});
