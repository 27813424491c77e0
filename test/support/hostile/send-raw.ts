/** One request with whatever method, headers and bytes, over connections that are kept. */

import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface RawRequest {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Buffer;
}

export interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const PATIENCE_MS = 15_000;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Rejects if the connection breaks, or after 15 s: an answer is never waited for without end. */
export function sendRaw(url: string, { method, headers, body }: RawRequest): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
    sending.setTimeout(PATIENCE_MS, () => sending.destroy(new Error(`no answer to ${method} ${url}`)));
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sending.end(body);
  });
}
