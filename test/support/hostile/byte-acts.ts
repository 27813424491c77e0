/** Misdeeds of an HTTP server with its status lines, heads, framing and pace. */

import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type ByteActs, sendJson } from './http-server.ts';
import { type Turn, textResult } from './turn.ts';

const plain = (status: string, body: string, headers = 'content-type: text/html\r\n'): ((socket: Socket) => void) => {
  const head = `HTTP/1.1 ${status}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return (socket) => void socket.write(head + body);
};
const answerText = ({ id, text }: Turn): string => JSON.stringify({ jsonrpc: '2.0', id, result: textResult(text) });
const JSON_TYPE = 'content-type: application/json\r\n';

/** Writes the same again and again, until nobody reads it any more. */
function pour(socket: Socket, piece: string | Buffer, pauseMs = 0): void {
  const again = (): void => {
    while (socket.writable && pauseMs === 0 && socket.write(piece));
    if (!socket.writable) return;
    if (pauseMs === 0) socket.once('drain', again);
    else {
      socket.write(piece);
      setTimeout(again, pauseMs).unref();
    }
  };
  again();
}
const OPEN_STREAM = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
const events = (piece: string, pauseMs?: number) => (socket: Socket) => {
  socket.write(OPEN_STREAM);
  pour(socket, piece, pauseMs);
};

/** `elsewhere` is where redirects point. */
export function createByteActs(elsewhere: () => string): ByteActs {
  return {
    html_page: plain('200 OK', '<h1>It works! secret trace</h1>'),
    empty_page: plain('200 OK', ''),
    json_no_message: plain('200 OK', '{"ok":true}', JSON_TYPE),
    no_content: (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
    accepted: plain('202 Accepted', ''),
    redirect: (socket) => plain('307 Temporary Redirect', '', `location: ${elsewhere()}\r\n`)(socket),
    moved: (socket) => plain('301 Moved Permanently', '', `location: ${elsewhere()}\r\n`)(socket),
    bad_request: plain('400 Bad Request', '<h1>secret trace</h1>'),
    unauthorized: plain('401 Unauthorized', 'secret trace', 'www-authenticate: Bearer\r\n'),
    forbidden: plain('403 Forbidden', 'secret trace'),
    too_many_requests: plain('429 Too Many Requests', 'slow down', 'retry-after: 99999999\r\n'),
    server_error: plain('500 Internal Server Error', 'secret trace'),
    bad_gateway: plain('502 Bad Gateway', '<h1>secret trace</h1>'),
    unavailable: plain('503 Service Unavailable', 'later', 'retry-after: Thu, 01 Jan 2099 00:00:00 GMT\r\n'),
    odd_status: plain('999 What', 'x'),
    protocol_switch: (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'),
    not_http: (socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
    half_then_end: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 1000\r\n\r\n{"jsonrpc":`);
      setTimeout(() => socket.destroy(), 20);
    },
    closes_at_once: (socket) => void socket.destroy(),
    gzip: (socket, turn) => {
      const body = gzipSync(answerText(turn));
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    },
    gzip_bomb: (socket) => {
      const body = gzipSync(Buffer.alloc(50_000_000));
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    },
    two_lengths: (socket, turn) =>
      void socket.write(
        `HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 5\r\ncontent-length: 6\r\n\r\n${answerText(turn)}`,
      ),
    length_and_chunked: (socket, turn) =>
      void socket.write(
        `HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${answerText(turn)}`,
      ),
    chunk_garbage: (socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n`),
    endless_head: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      pour(socket, `x-more: ${'h'.repeat(500)}\r\n`);
    },
    endless_interim: (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
    endless_body: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\n{"x":"`);
      pour(socket, 'y'.repeat(60_000));
    },
    endless_event: events('data: '.padEnd(60_000, 'z')),
    endless_empty_lines: events('data:\n'.repeat(10_000)),
    endless_comments: events(': nothing\n\n', 20),
    ping_flood: (socket, turn) => {
      socket.write(OPEN_STREAM);
      for (let n = 0; n < 3000; n++) socket.write(`data: {"jsonrpc":"2.0","id":"ping${n}","method":"ping"}\n\n`);
      socket.end(`data: ${answerText(turn)}\n\n`);
    },
    slow_body: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 100000\r\n\r\n{`);
      pour(socket, ' ', 20);
    },
    garbage_events: (socket, turn) => {
      socket.write(OPEN_STREAM);
      socket.end(
        `data: not JSON\n\nevent: odd\ndata: {}\n\ndata: [1,2\n\nid: \u2603\r\nretry: 0\r\n\r\n:\n\ndata: ${answerText(turn)}\n\n`,
      );
    },
    byte_order_mark: (socket, turn) => plain('200 OK', `\ufeff${answerText(turn)}`, JSON_TYPE)(socket),
    text_type: (socket, turn) => plain('200 OK', answerText(turn), 'content-type: text/plain\r\n')(socket),
    json_error_500: (socket, turn) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: turn.id, error: { code: -32099, message: 'its own' } });
      plain('500 Internal Server Error', body, JSON_TYPE)(socket);
    },
    other_session: (socket, turn) =>
      sendJson(socket, { id: turn.id, result: textResult(turn.text) }, 'mcp-session-id: hijacked\r\n'),
    poisoned_connection: (socket, turn) => {
      const message = (id: number, text: string): object => ({ id, result: textResult(text) });
      sendJson(socket, message(turn.id, turn.text));
      // Answers to requests that were never sent on this connection.
      for (let next = 1; next <= 20; next++) sendJson(socket, message(turn.id + next, 'poison'));
    },
  };
}
