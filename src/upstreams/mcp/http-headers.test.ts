import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { OfferedTool } from '../../contracts/upstream.ts';
import { encodeHeaderValue, mirrorHeaders } from './http-headers.ts';

describe('header values', () => {
  it('are plain where that is unambiguous and can be decoded everywhere else', () => {
    assert.equal(encodeHeaderValue('get_weather'), 'get_weather');
    assert.equal(encodeHeaderValue('a b'), 'a b');
    assert.equal(encodeHeaderValue(' a'), '=?base64?IGE=?=');
    assert.equal(encodeHeaderValue('=?base64?eA==?='), '=?base64?PT9iYXNlNjQ/ZUE9PT89?=');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const header = encodeHeaderValue(value);
        assert.match(header, /^[\x20-\x7e]*$/);
        assert.equal(header, header.trim());
        const encoded = /^=\?base64\?(.*)\?=$/.exec(header)?.[1];
        assert.equal(encoded === undefined ? header : Buffer.from(encoded, 'base64').toString(), value);
      }),
    );
  });
});

describe('mirrored headers', () => {
  const tool: OfferedTool = {
    name: 't',
    text: '{}',
    readOnly: false,
    idempotent: false,
    headerParams: [
      { header: 'Region', path: ['region'] },
      { header: 'Deep', path: ['a', 'b'] },
    ],
  };
  const mirror = (args: string): string[] =>
    mirrorHeaders('tools/call', 't', tool, `{"name":"t","arguments":${args}}`).slice(4);

  it('name the method, and the target where the method has one', () => {
    assert.deepEqual(mirrorHeaders('tools/list', 'x', undefined, '{}'), ['mcp-method', 'tools/list']);
    assert.deepEqual(mirrorHeaders('resources/read', 'file:///é', undefined, '{}'), [
      'mcp-method',
      'resources/read',
      'mcp-name',
      '=?base64?ZmlsZTovLy/DqQ==?=',
    ]);
  });

  it('repeat strings, numbers as they are spelt, and booleans, along the path of property names', () => {
    assert.deepEqual(mirror('{"region":"eu","a":{"b":12345678901234567890}}'), [
      'mcp-param-region',
      'eu',
      'mcp-param-deep',
      '12345678901234567890',
    ]);
    assert.deepEqual(mirror('{"region":true}'), ['mcp-param-region', 'true']);
  });

  it('leave out what is null, missing or no scalar', () => {
    for (const args of ['{}', '{"region":null}', '{"region":{"x":1},"a":[1]}', '{"a":"b"}', '[]'])
      assert.deepEqual(mirror(args), []);
  });
});
