/**
 * Pretended models, cheap enough to measure what stands in front of them: node:net, answers ready as bytes, found by the end of the
 * path. A chat, or a message, that asks for a stream gets `--pieces N` of them, an event each `--every MS`. `GET` on any path answers with the
 * body of the last request, so that a scenario can look at what arrived. With `--calls TOOL` a chat that brings no result of a tool is
 * answered with a call of it. Prints its port.
 */

import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { listenForRequests } from './listen-requests.ts';
import { messageEvents, streamEvents, suggestingAnswer, WHOLE_ANSWERS } from './model-answers.ts';

const { values } = parseArgs({
  options: {
    pieces: { type: 'string', default: '40' },
    every: { type: 'string', default: '4' },
    calls: { type: 'string' },
  },
});
const everyMs = Number(values.every);

const HEADERS = 'x-request-id: req_bench\r\nopenai-processing-ms: 12\r\n';
const whole = (status: string, body: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${HEADERS}content-length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  );
const ANSWERS = WHOLE_ANSWERS.map(([pathEnd, body]) => [pathEnd, whole('200 OK', body)] as const);
const UNKNOWN = whole('404 Not Found', '{"error":{"message":"there is no such path"}}');

const STREAM_HEAD = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n${HEADERS}transfer-encoding: chunked\r\n\r\n`,
);
const asChunks = (events: readonly string[]): Buffer[] =>
  events.map((event) => Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`, 'latin1'));
const STREAMS = [
  ['/chat/completions', asChunks(streamEvents(Number(values.pieces)))],
  ['/messages', asChunks(messageEvents(Number(values.pieces)))],
] as const;
const STREAM_TAIL = Buffer.from('0\r\n\r\n');

let lastBody = '';
let suggested = 0;

function stream(socket: Socket, events: readonly Buffer[]): void {
  let at = 0;
  socket.write(STREAM_HEAD);
  const timer = setInterval(() => {
    const event = events[at++];
    if (event !== undefined && !socket.destroyed) {
      socket.write(event);
      return;
    }
    clearInterval(timer);
    if (!socket.destroyed) socket.write(STREAM_TAIL);
  }, everyMs);
}

function answer(socket: Socket, requestLine: string, body: string): void {
  const [method, target = ''] = requestLine.split(' ', 2);
  if (method === 'GET') {
    socket.write(whole('200 OK', lastBody));
    return;
  }
  lastBody = body;
  const path = target.split('?', 1)[0] ?? '';
  const events = STREAMS.find(([pathEnd]) => path.endsWith(pathEnd))?.[1];
  if (events !== undefined && body.includes('"stream":true')) return stream(socket, events);
  // Each suggestion has an id of its own: the same again would be taken for a repetition.
  const suggests = values.calls !== undefined && path.endsWith('/chat/completions') && !body.includes('"role":"tool"');
  if (suggests) {
    socket.write(whole('200 OK', suggestingAnswer(values.calls ?? '', `call_${++suggested}`)));
    return;
  }
  socket.write(ANSWERS.find(([pathEnd]) => path.endsWith(pathEnd))?.[1] ?? UNKNOWN);
}

listenForRequests((socket, head, body) => answer(socket, head.slice(0, head.indexOf('\r\n')), body));
