import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMessage, encodeReply, type Incoming, parseJson } from './json-rpc.ts';

const decode = (text: string): Incoming => decodeMessage(text, parseJson(text));

describe('a message of a server', () => {
  it('is told apart and cut out verbatim', () => {
    assert.deepEqual(decode('{"jsonrpc":"2.0","id":1,"result": {"n": 1.0} }'), {
      type: 'response',
      id: 1,
      isError: false,
      text: '{"n": 1.0}',
      value: { n: 1 },
    });
    assert.equal(decode('{"id":1,"error":{"code":-1},"result":null}').type, 'response');
    assert.deepEqual(decode('{"id":1.0,"method":"ping"}'), {
      type: 'request',
      idText: '1.0',
      method: 'ping',
      params: undefined,
      value: {},
    });
    assert.equal(decode('{"method":"x","params":{"a": 1}}').type, 'notification');
  });

  it('that is none is called garbage, with its id where it has one', () => {
    for (const text of ['[]', '1', 'null', '{}', '{"id":null,"method":"x"}', '{"method":"x","params":[]}'])
      assert.equal(decode(text).type, 'garbage', text);
    for (const text of [
      '{"id":3}',
      '{"id":3,"result":"x"}',
      '{"id":3,"error":"x"}',
      '{"id":3,"result":{},"result":{}}',
    ])
      assert.deepEqual({ ...decode(text), reason: '' }, { type: 'garbage', reason: '', id: 3 }, text);
  });

  it('may be nested as deep as it likes', () => {
    const depth = 200_000;
    const text = `{"id":1,"result":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    assert.equal(decode(text).type, 'response');
  });

  it('is answered under its own id, spelt as it came', () => {
    assert.equal(encodeReply('"a\\u0062"', { result: '{}' }), '{"jsonrpc":"2.0","id":"a\\u0062","result":{}}');
    assert.equal(encodeReply('7', { error: '{"code":1}' }), '{"jsonrpc":"2.0","id":7,"error":{"code":1}}');
  });
});
