/** A client that writes whatever bytes it likes, and reads what comes back. */

import { connect } from 'node:net';

export interface RawAnswers {
  /** Status codes of the answers, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
  /** The server closed the connection. */
  readonly closed: boolean;
}

/** Writes the bytes, and collects what comes until the server closes, or has been quiet for `quietMs` (default 300) after an answer. */
export function sendBytes(url: string, bytes: string | Buffer, quietMs = 300): Promise<RawAnswers> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    let closed = false;
    let timer = setTimeout(() => socket.destroy(new Error('no answer in 20 s')), 20_000);
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
      resolve({ statuses, text, closed });
    };
    socket.on('connect', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(done, quietMs);
    });
    socket.on('error', (error) =>
      text === '' && !('code' in error && error.code === 'ECONNRESET') ? reject(error) : undefined,
    );
    socket.on('close', () => {
      closed = true;
      done();
    });
  });
}

export interface Posted {
  readonly status: number;
  readonly code: number | undefined;
  readonly headers: Headers;
  readonly text: string;
}

/** One POST of a body with these headers. */
export async function post(url: string, body: string, headers: { readonly [name: string]: string }): Promise<Posted> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body,
    signal: AbortSignal.timeout(15_000),
  });
  const text = await response.text();
  const code = /"error":\s*\{"code":\s*(-?\d+)/.exec(text)?.[1];
  return {
    status: response.status,
    code: code === undefined ? undefined : Number(code),
    headers: response.headers,
    text,
  };
}
