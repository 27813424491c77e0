/**
 * A streamable-HTTP server in this process that misbehaves, one way per tool, down to the bytes: the misdeeds of every
 * transport on an event stream, and whatever else `bytes` does to the socket.
 */

import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Cleanup } from '../temp-dir.ts';
import { type Acts, answerProperly, createAnswers, type Era, type Message, type Turn } from './turn.ts';

/** A misdeed with the socket on which the call came. */
export type ByteAct = (socket: Socket, turn: Turn) => void;
export type ByteActs = { readonly [name: string]: ByteAct };

export interface HostileHttpOptions {
  readonly era: Era;
  readonly acts: Acts;
  readonly bytes: ByteActs;
  /** Answers requests other than calls instead of a good server; undefined: leave it to that. */
  readonly answer?: (message: Message, socket: Socket) => object | 'done' | undefined;
}

export interface HostileHttp {
  readonly url: string;
  /** Connections open now, and the most there were at once. */
  readonly connections: { readonly now: number; readonly most: number };
  /** How often each method came. */
  readonly seen: ReadonlyMap<string, number>;
}

/** A whole answer with a length. */
export function sendJson(socket: Socket, message: object, headers = ''): void {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** The events of one answer; the stream begins with the first of them. */
function openStream(socket: Socket): { write(text: string): void; end(): void } {
  let begun = false;
  let ended = false;
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const begin = (): void => {
    if (!begun)
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
    begun = true;
  };
  return {
    write(text) {
      begin();
      if (!ended && socket.writable) socket.write(chunk(`data: ${text}\n\n`));
    },
    end() {
      begin();
      if (!ended) socket.write('0\r\n\r\n');
      ended = true;
    },
  };
}

export async function startHostileHttp(cleanup: Cleanup, options: HostileHttpOptions): Promise<HostileHttp> {
  const { era, acts, bytes } = options;
  const names = [...Object.keys(acts), ...Object.keys(bytes)];
  const answers = createAnswers();
  const seen = new Map<string, number>();
  const sockets = new Set<Socket>();
  let most = 0;

  const take = (socket: Socket, verb: string, body: string): void => {
    if (verb !== 'POST') {
      socket.write('HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const message = JSON.parse(body) as Message;
    const method = message.method ?? 'answer';
    seen.set(method, (seen.get(method) ?? 0) + 1);
    answers.take(message);
    // What it was told in answer to a flood of pings it does not even take note of.
    if (String(message.id).startsWith('ping')) return;
    const own = options.answer?.(message, socket);
    if (own === 'done') return;
    const proper = own ?? answerProperly(era, message, names);
    if (proper !== undefined) return sendJson(socket, proper, method === 'initialize' ? 'mcp-session-id: s1\r\n' : '');
    if (method !== 'tools/call' || typeof message.id !== 'number') {
      socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const stream = openStream(socket);
    const name = message.params?.name ?? '';
    const turn: Turn = {
      era,
      id: message.id,
      text: message.params?.arguments?.text ?? '',
      token: message.params?._meta?.progressToken,
      send: (sent) => stream.write(JSON.stringify({ jsonrpc: '2.0', ...sent })),
      write: stream.write,
      answerTo: answers.wait,
      end: stream.end,
    };
    if (bytes[name] === undefined) void acts[name]?.(turn);
    else bytes[name](socket, turn);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    let ahead = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      ahead = Buffer.concat([ahead, chunk]);
      for (;;) {
        const end = ahead.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = ahead.toString('latin1', 0, end);
        const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
        if (ahead.length < end + 4 + length) return;
        const body = ahead.toString('utf8', end + 4, end + 4 + length);
        ahead = ahead.subarray(end + 4 + length);
        take(socket, head.slice(0, head.indexOf(' ')), body);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    connections: {
      get now() {
        return sockets.size;
      },
      get most() {
        return most;
      },
    },
    seen,
  };
}
