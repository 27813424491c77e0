import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHeaderParams } from './header-params.ts';

const schema = (properties: object): object => ({ type: 'object', properties });
const faultOf = (input: unknown): string | undefined => {
  const read = readHeaderParams(input);
  return read.ok ? undefined : read.reason;
};

test('annotated strings, integers and booleans are found at any depth of properties', () => {
  const input = schema({
    region: { type: 'string', 'x-mcp-header': 'Region' },
    nested: schema({
      deep: { type: 'integer', 'x-mcp-header': 'Deep' },
      flag: { type: 'boolean', 'x-mcp-header': 'F' },
    }),
    plain: { type: 'number' },
  });
  assert.deepEqual(readHeaderParams(input), {
    ok: true,
    params: [
      { header: 'Region', path: ['region'] },
      { header: 'Deep', path: ['nested', 'deep'] },
      { header: 'F', path: ['nested', 'flag'] },
    ],
  });
});

test('a property that is merely called x-mcp-header, or data that holds the word, is no annotation', () => {
  assert.deepEqual(
    readHeaderParams(
      schema({ 'x-mcp-header': { type: 'string' }, b: { type: 'object', default: { 'x-mcp-header': 'A' } } }),
    ),
    { ok: true, params: [] },
  );
});

test('annotations that break the rules of 2026-07-28 are named', () => {
  const annotated = (type: unknown, header: unknown) => schema({ a: { type, 'x-mcp-header': header } });
  for (const type of ['number', 'object', 'array', 'null', undefined, ['string']])
    assert.match(faultOf(annotated(type, 'A')) ?? '', /no string, integer or boolean/, String(type));
  for (const header of ['', 'with space', 'with:colon', 'ümlaut', 'new\nline', 7, null])
    assert.match(faultOf(annotated('string', header)) ?? '', /no header token/, String(header));
  const twice = schema({
    a: { type: 'string', 'x-mcp-header': 'Same' },
    b: { type: 'string', 'x-mcp-header': 'sAME' },
  });
  assert.match(faultOf(twice) ?? '', /twice/);
});

test('annotations anywhere but behind properties steps are refused', () => {
  const bad = { type: 'string', 'x-mcp-header': 'A' };
  for (const input of [
    { type: 'object', 'x-mcp-header': 'A' },
    schema({ list: { type: 'array', items: bad } }),
    { type: 'object', anyOf: [schema({ a: bad })] },
    { type: 'object', $defs: { d: bad } },
    { type: 'object', additionalProperties: bad },
    { type: 'object', patternProperties: { '^a': schema({ a: bad }) } },
  ])
    assert.match(faultOf(input) ?? '', /only properties steps/, JSON.stringify(input));
});

test('a schema nested without end does not exhaust the stack', () => {
  let input: object = { type: 'string', 'x-mcp-header': 'A' };
  for (let n = 0; n < 100_000; n++) input = schema({ a: input });
  assert.deepEqual(readHeaderParams(input), { ok: true, params: [] });
});
