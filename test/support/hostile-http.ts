/** A streamable-HTTP server (2025-06-18, JSON answers) that misbehaves, one way per tool; prints one line of JSON with its `url`. */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Id = string | number;
interface Message {
  readonly id?: Id;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: { readonly text?: string } };
}

function sendJson(response: ServerResponse, message: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', ...message }));
}
const result = (id: Id, text: string): object => ({ id, result: { content: [{ type: 'text', text }] } });

/** Ways to misbehave. */
const MISDEEDS: { readonly [name: string]: (response: ServerResponse, id: Id, text: string) => void } = {
  echo: (response, id, text) => sendJson(response, result(id, text)),
  garbage: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":'),
  html: (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>'),
  bad_gateway: (response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>secret trace</h1>'),
  huge: (response, id) => sendJson(response, result(id, 'x'.repeat(2_000_000))),
  never() {},
  cut(response) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"jsonrpc":"2.0",');
    setTimeout(() => response.destroy(), 50);
  },
  other_id: (response) => sendJson(response, result(987_654_321, 'for somebody else')),
  empty_stream: (response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n'),
  garbage_stream(response, id, text) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: not JSON\n\nevent: odd\ndata: {}\n\ndata: [1,2\n\n');
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', ...result(id, text) })}\n\n`);
  },
  endless_event(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${'x'.repeat(2_000_000)}`);
  },
};

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(405).end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message;
  if (id === undefined) response.writeHead(202).end();
  else if (method === 'initialize')
    sendJson(response, {
      id,
      result: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'hostile-http', version: '1.0.0' },
      },
    });
  else if (method === 'ping') sendJson(response, { id, result: {} });
  else if (method === 'tools/list') {
    const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
    const tools = Object.keys(MISDEEDS).map((name) => ({ name, description: name, inputSchema }));
    sendJson(response, { id, result: { tools } });
  } else if (method === 'tools/call')
    (MISDEEDS[params?.name ?? ''] ?? (() => response.writeHead(500).end()))(
      response,
      id,
      params?.arguments?.text ?? '',
    );
  else sendJson(response, { id, error: { code: -32601, message: 'Method not found' } });
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` })}\n`,
  );
});
