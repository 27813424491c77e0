import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listOperations, type OperationFilter } from './list-operations.ts';
import { createReferences } from './references.ts';

const PATHS = {
  '/pets': {
    get: { operationId: 'pets/list', tags: ['pets'] },
    post: { operationId: 'pets/create', tags: ['pets', 'admin'] },
  },
  '/pets/{petId}': { delete: { tags: ['admin'] }, get: { operationId: 'pets/get', tags: ['pets'] } },
};

function list(paths: object, filter: Partial<OperationFilter> = {}): { names: string[]; faults: string[] } {
  const root = { paths };
  const faults: string[] = [];
  const operations = listOperations(root, createReferences(root), { include: [], exclude: [], ...filter }, (fault) =>
    faults.push(fault),
  );
  return { names: operations.map(({ name }) => name), faults };
}

test('a tool is named after its operationId, else after method and path', () => {
  assert.deepEqual(list(PATHS).names, ['pets_list', 'pets_create', 'pets_get', 'delete_pets_petId']);
});

test('names that would be the same, or are too long, get a hash that depends on method and path alone', () => {
  const paths = { '/a': { get: { operationId: 'get.it' } }, '/b': { get: { operationId: 'get-it' } } };
  const twins = { ...paths, '/c': { get: { operationId: 'get_it' } } };
  assert.deepEqual(list(paths).names, ['get_it', 'get-it']);
  const { names } = list(twins);
  assert.match(names[0] ?? '', /^get_it_[0-9a-f]{8}$/);
  assert.match(names[2] ?? '', /^get_it_[0-9a-f]{8}$/);
  assert.equal(new Set(names).size, 3);
  const reversed = Object.fromEntries(Object.entries(twins).reverse());
  assert.deepEqual(new Set(list(reversed).names), new Set(names));
  const long = list({ [`/${'long/'.repeat(40)}`]: { get: {} } }).names[0] ?? '';
  assert.match(long, /^[a-zA-Z0-9_-]{1,64}$/);
});

test('a filter chooses by operationId, tag, path or method and path, and never changes a name', () => {
  assert.deepEqual(list(PATHS, { include: ['tag:pets'] }).names, ['pets_list', 'pets_create', 'pets_get']);
  assert.deepEqual(list(PATHS, { include: ['pets/*'], exclude: ['tag:admin'] }).names, ['pets_list', 'pets_get']);
  assert.deepEqual(list(PATHS, { include: ['GET /pets*'] }).names, ['pets_list', 'pets_get']);
  assert.deepEqual(list(PATHS, { include: ['/pets/{petId}'] }).names, ['pets_get', 'delete_pets_petId']);
  assert.deepEqual(list(PATHS, { exclude: ['* /pets', 'delete /*'] }).names, ['pets_get']);
  const twins = { '/a': { get: { operationId: 'x' } }, '/b': { get: { operationId: 'x' } } };
  assert.deepEqual(list(twins, { include: ['/a'] }).names, list(twins).names.slice(0, 1));
});

test('a pattern that fits nothing is told', () => {
  assert.deepEqual(list(PATHS, { include: ['pets/lsit', 'tag:pets'] }).faults, [
    'no operation fits the pattern "pets/lsit"',
  ]);
});

test('more operations than anybody can use are refused with the remedy', () => {
  const paths = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`/${i}`, { get: {} }]));
  assert.throws(() => list(paths), /choose with "operations"/);
  assert.equal(list(paths, { include: ['/1*'] }).names.length, 1_111);
});
