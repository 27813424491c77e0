import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitToSchema } from './fit-to-schema.ts';

const fit = (value: unknown, schema: object): unknown => fitToSchema(value, schema as { [keyword: string]: unknown });

test('what fits is the value itself', () => {
  const value = { a: 1, list: [{ b: 'x' }], more: null };
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' }, list: { items: { properties: { b: { enum: ['x'] } } } } },
  };
  assert.equal(fit(value, schema), value);
});

test('members that do not fit are left out, a list with one wrong item whole', () => {
  const properties = { a: { type: 'string' }, b: { type: 'array', items: { type: 'integer' } }, c: { enum: [1] } };
  const schema = { type: 'object', properties: { ...properties, d: { type: 'object', properties } } };
  assert.deepEqual(fit({ a: null, b: [1, 'x'], c: 2, d: { a: 'y', c: 3 }, e: 5 }, schema), { d: { a: 'y' }, e: 5 });
  assert.equal(fit([1], schema), undefined);
});

test('of several alternatives the one of which nothing is lost counts', () => {
  const cat = { type: 'object', properties: { kind: { enum: ['cat'] }, age: { type: 'integer' } } };
  const dog = { type: 'object', properties: { kind: { enum: ['dog'] }, age: { type: 'string' } } };
  const value = { kind: 'dog', age: 'old' };
  assert.equal(fit(value, { anyOf: [cat, dog] }), value);
  assert.deepEqual(fit({ kind: 'cow', age: 3 }, { anyOf: [cat, dog] }), { age: 3 });
  assert.equal(fit(3, { anyOf: [cat, dog] }), undefined);
});

test('circles end, even a rule that only refers to itself', () => {
  const $defs = { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } }, A: { $ref: '#/$defs/A' } };
  const deep = { next: { next: { next: 'wrong' } } };
  assert.deepEqual(fit(deep, { $ref: '#/$defs/Node', $defs }), { next: { next: {} } });
  assert.equal(fit(1, { $ref: '#/$defs/A', $defs }), undefined);
});
