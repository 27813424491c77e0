/**
 * The gateway one writes with the official SDK 2.x: `createMcpHandler` in front (a server per request, as it is meant), one
 * client to the server behind. No key, no policy, no record. `--target URL`; prints its port.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';

const { values } = parseArgs({ options: { target: { type: 'string', default: '' } } });
const client = new Client({ name: 'sdk-v2-gateway', version: '1' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL(values.target)));

const handler = createMcpHandler(() => {
  const server = new Server({ name: 'sdk-v2-gateway', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async () => (await client.listTools()) as never);
  server.setRequestHandler(
    'tools/call',
    async ({ params }) => (await client.callTool({ name: params.name, arguments: params.arguments ?? {} })) as never,
  );
  return server;
});

/** The handler speaks Web requests; this is all its Node adapter has to do for plain POSTs. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
  const url = `http://${request.headers.host}${request.url}`;
  const answer = await handler.fetch(
    new Request(url, {
      method: request.method ?? 'POST',
      headers,
      ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
    }),
  );
  const body = Buffer.from(await answer.arrayBuffer());
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'content-length': body.length });
  response.end(body);
}

const server = createServer((request, response) => {
  serve(request, response).catch(() => response.writeHead(500).end());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
