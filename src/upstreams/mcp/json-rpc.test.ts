import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonScanner } from '../../lib/json-scanner.ts';
import { decodeMessage, encodeReply, type Incoming } from './json-rpc.ts';

const scanner = new JsonScanner();

function decode(text: string): Incoming {
  const scan = scanner.scan(text);
  assert.ok(scan !== undefined);
  return decodeMessage(text, scan);
}

describe('a message of a server', () => {
  it('is told apart and cut out verbatim', () => {
    const answer = decode('{"jsonrpc":"2.0","id":1,"result": {"n": 1.0, "\\u0061": "\\u0062"} }');
    assert.ok(answer.type === 'response');
    const { id, reply } = answer;
    assert.deepEqual([id, reply.type, reply.text], [1, 'result', '{"n": 1.0, "\\u0061": "\\u0062"}']);
    assert.deepEqual([reply.value, reply.valueOf('a'), reply.valueOf('b')], [{ n: 1, a: 'b' }, 'b', undefined]);
    const error = decode('{"id":"\\u0061","error":{"code":-1},"result":null}');
    assert.ok(error.type === 'response');
    assert.deepEqual([error.id, error.reply.type, error.reply.value], ['a', 'rpc-error', { code: -1 }]);
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
