import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER_TEXT, STREAM_END, streamEvents, WHOLE_ANSWERS } from '../model-answers.ts';
import { type Answer, createAnswerReader } from './answer-reader.ts';

function readAll(chunks: readonly string[], mark?: string): Answer[] {
  const answers: Answer[] = [];
  const read = createAnswerReader((answer) => answers.push(answer), mark);
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

test('an answer of a model is right by its text, in the form of each vendor', () => {
  for (const [, body] of WHOLE_ANSWERS) {
    const [answer] = readAll([plain(body)], ANSWER_TEXT);
    assert.equal(answer?.ok, true, body);
    assert.equal(readAll([plain(body.replace(ANSWER_TEXT, 'The answer is'))], ANSWER_TEXT)[0]?.ok, false, body);
  }
});

test('an answer of a model is wrong with any other status, and with an error beside what it says', () => {
  const [[, body] = ['', '']] = WHOLE_ANSWERS;
  for (const status of ['400 Bad Request', '401 Unauthorized', '429 Too Many Requests', '500 Internal Server Error'])
    assert.equal(readAll([plain(body, status)], ANSWER_TEXT)[0]?.ok, false, status);
  for (const error of ['"error":{"message":"no"}', '"error": {\n"message":"no"}', '"error": "no"'])
    assert.equal(readAll([plain(body.replace('{', `{${error},`))], ANSWER_TEXT)[0]?.ok, false, error);
});

test('a stream of a chat is right when it came to its end, and wrong when an error was its end', () => {
  const events = streamEvents(3);
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const stream = (texts: readonly string[]) => [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ...texts.map(chunk),
    '0\r\n\r\n',
  ];
  const failed = 'data: {"error":{"message":"the model broke off"}}\n\n';
  const ok = (texts: readonly string[]) => readAll(stream(texts), STREAM_END).map((answer) => answer.ok);
  assert.deepEqual(ok(events), [true]);
  assert.deepEqual(ok(events.slice(0, -1)), [false]);
  assert.deepEqual(ok([...events.slice(0, 2), failed, `${STREAM_END}\n\n`]), [false]);
});
