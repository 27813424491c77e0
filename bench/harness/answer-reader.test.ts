import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, createAnswerReader } from './answer-reader.ts';

function readAll(chunks: readonly string[]): Answer[] {
  const answers: Answer[] = [];
  const read = createAnswerReader((answer) => answers.push(answer));
  for (const chunk of chunks) read(Buffer.from(chunk, 'latin1'));
  return answers;
}

const plain = (body: string, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\nServer-Timing: gw;dur=0.05\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('an answer is one however it is cut into chunks', () => {
  const text = plain('{"jsonrpc":"2.0","id":7,"result":{"content":[]}}');
  for (let cut = 1; cut < text.length; cut++) {
    const [answer, ...more] = readAll([text.slice(0, cut), text.slice(cut)]);
    assert.equal(more.length, 0);
    assert.deepEqual(
      [answer?.ok, answer?.hasId('7'), answer?.serverTiming],
      [true, true, 'gw;dur=0.05'],
      `cut at ${cut}`,
    );
  }
});

test('event streams in chunked encoding end with the last chunk, and the next answer begins afresh', () => {
  const event = 'event: message\r\ndata: {"result":{},"jsonrpc":"2.0","id":3}\r\n\r\n';
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n${event}\r\n`;
  const answers = readAll([chunked, '0\r\n\r\n', plain('{"result":{},"id":4}')]);
  assert.deepEqual(
    answers.map((answer) => [answer.ok, answer.hasId('3'), answer.hasId('4')]),
    [
      [true, true, false],
      [true, false, true],
    ],
  );
});

test('an error is no success, wherever it stands', () => {
  for (const text of [
    plain('{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}'),
    plain('{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}'),
    plain('{"jsonrpc":"2.0","id":1,"result":{}}', '503 Service Unavailable'),
  ])
    assert.equal(readAll([text])[0]?.ok, false);
});

test('a long answer is judged by its ends', () => {
  const answer = readAll([plain(`{"result":{"text":"${'x'.repeat(200_000)}"},"jsonrpc":"2.0","id":12}`)])[0];
  assert.deepEqual([answer?.ok, answer?.hasId('12'), answer?.hasId('1')], [true, true, false]);
});

test('what a right answer contains can be something else than a result of JSON-RPC', () => {
  const answers: Answer[] = [];
  const read = createAnswerReader((answer) => answers.push(answer), '"finish_reason":"stop"');
  for (const reason of ['stop', 'length'])
    read(Buffer.from(plain(`{"choices":[{"finish_reason":"${reason}"}]}`), 'latin1'));
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [true, false],
  );
});
