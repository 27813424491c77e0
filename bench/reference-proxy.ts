/**
 * The reference all ratios refer to: the plainest sensible Node proxy. node:http in front, undici dispatch behind, body
 * buffered, answer passed through, of an event stream each piece as it comes. No key, no policy, no record. `--target PORT`; prints its port.
 */

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { type Dispatcher, Pool } from 'undici';

const { values } = parseArgs({ options: { target: { type: 'string' } } });
const pool = new Pool(`http://127.0.0.1:${values.target}`, { connections: 512, pipelining: 1 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    for (const [name, value] of Object.entries(request.headers)) {
      if (name.startsWith('mcp-') || name === 'accept') headers[name] = String(value);
    }
    const parts: Buffer[] = [];
    let isStream = false;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, status, answered) {
        response.statusCode = status;
        const type = answered['content-type'];
        if (type === undefined) return;
        response.setHeader('content-type', type);
        isStream = String(type).startsWith('text/event-stream');
      },
      onResponseData: (_controller, chunk) => void (isStream ? response.write(chunk) : parts.push(chunk)),
      onResponseEnd() {
        if (isStream) response.end();
        else response.end(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      },
      onResponseError() {
        response.statusCode = 502;
        response.end();
      },
    };
    pool.dispatch(
      {
        method: 'POST',
        path: request.url ?? '/',
        headers,
        body: chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks),
      },
      handler,
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
