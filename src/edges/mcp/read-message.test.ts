import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessages, textOf } from './read-message.ts';

function readOne(text: string) {
  const body = readMessages(text, 20);
  assert.equal(body.type, 'single');
  return body.envelope;
}

test('what stands where in params and _meta is handed on, in offsets of the text of the params', () => {
  const params =
    '{ "name" : "a\\"b", "arguments":{"x":[1.0,{"name":2}]}, "_meta" : {"progressToken":1.0,"k":{"v":"}"}} }';
  const { params: text = '', paramsScan } = readOne(` {"id":7,"params":${params} ,"method":"tools/call"} `);
  assert.equal(text, params);
  const { members = [], meta = [] } = paramsScan ?? {};
  assert.deepEqual(
    members.map(({ key }) => [key, textOf(text, members, key)]),
    [
      ['name', '"a\\"b"'],
      ['arguments', '{"x":[1.0,{"name":2}]}'],
      ['_meta', '{"progressToken":1.0,"k":{"v":"}"}}'],
    ],
  );
  assert.deepEqual(
    meta.map(({ key }) => [key, textOf(text, meta, key)]),
    [
      ['progressToken', '1.0'],
      ['k', '{"v":"}"}'],
    ],
  );
});

test('params without _meta have no scan of one, and params that are no object none at all', () => {
  assert.deepEqual(readOne('{"params":{}}').paramsScan, { members: [], meta: undefined });
  assert.equal(readOne('{"params":[{"a":1}]}').paramsScan, undefined);
  assert.equal(readOne('{"id":1}').paramsScan, undefined);
});
