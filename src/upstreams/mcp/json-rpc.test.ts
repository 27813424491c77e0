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

  it('may be nested deeply, but not so deeply that its readers give up', () => {
    const nested = (depth: number): string => `{"result":{"x":${'['.repeat(depth)}${']'.repeat(depth)}},"id":1}`;
    assert.equal(decode(nested(998)).type, 'response');
    for (const depth of [999, 200_000])
      assert.deepEqual({ ...decode(nested(depth)), reason: '' }, { type: 'garbage', reason: '', id: 1 }, `${depth}`);
    assert.equal(
      decode(nested(200_000).replace('result', 'params').replace('"id"', '"method":"x","i"')).type,
      'garbage',
    );
  });

  it('with both result and error is no answer, unless one of them is null', () => {
    assert.equal(decode('{"id":3,"result":{},"error":{"code":1}}').type, 'garbage');
    assert.equal(decode('{"id":3,"result":{},"error":null}').type, 'response');
  });

  it('shows where its result could be read in two ways', () => {
    for (const [text, isAmbiguous] of [
      ['{"id":3,"result":{"a":1,"b":{"a":2}}}', false],
      ['{"id":3,"result":{"a":1,"\\u0061":2}}', true],
    ] as const) {
      const answer = decode(text);
      assert.ok(answer.type === 'response');
      assert.equal(answer.reply.isAmbiguous, isAmbiguous, text);
    }
  });

  it('is answered under its own id, spelt as it came', () => {
    assert.equal(encodeReply('"a\\u0062"', { result: '{}' }), '{"jsonrpc":"2.0","id":"a\\u0062","result":{}}');
    assert.equal(encodeReply('7', { error: '{"code":1}' }), '{"jsonrpc":"2.0","id":7,"error":{"code":1}}');
  });
});
