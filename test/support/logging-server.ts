/**
 * A stdio or HTTP server (2025-06-18) that writes into a file what it executes, before it answers: the witness of the fault
 * tests. `node logging-server.ts --log FILE [--http PORT]`; in HTTP mode it prints one line of JSON with its `url`.
 */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { log: { type: 'string' }, http: { type: 'string' } } });
const file = values.log ?? '';

function log(entry: object): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

const HUGE_CHARS = 5_000_000;

const INPUT_SCHEMA = {
  type: 'object',
  properties: { nonce: { type: 'string' }, sleepMs: { type: 'number' }, answer: { enum: ['error', 'huge'] } },
  required: ['nonce'],
};

const TOOLS = [
  { name: 'work', description: 'Has a side effect: writes its nonce to the log', inputSchema: INPUT_SCHEMA },
  {
    name: 'peek',
    description: 'Reads only; sleeps only if it has not seen the nonce before',
    inputSchema: INPUT_SCHEMA,
    annotations: { readOnlyHint: true },
  },
];

interface WorkArguments {
  readonly nonce?: string;
  readonly sleepMs?: number;
  /** Default: a short text. */
  readonly answer?: 'error' | 'huge';
}

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: WorkArguments;
  };
}

async function call(
  name: string | undefined,
  { nonce = '', sleepMs = 0, answer: kind }: WorkArguments,
): Promise<object> {
  const seen = name === 'peek' && existsSync(file) && readFileSync(file, 'utf8').includes(`"${nonce}"`);
  log({ event: 'begun', nonce, tool: name });
  if (sleepMs > 0 && !seen) await sleep(sleepMs);
  log({ event: 'executed', nonce, tool: name });
  const text = kind === 'huge' ? 'x'.repeat(HUGE_CHARS) : `done ${nonce}`;
  return { content: [{ type: 'text', text }], ...(kind === 'error' && { isError: true }) };
}

/** The response to a message, or undefined where there is none. */
async function answer(message: Message): Promise<object | undefined> {
  const { id, method, params } = message;
  if (id === undefined || method === undefined) return undefined;
  const reply = (result: object): object => ({ jsonrpc: '2.0', id, result });
  switch (method) {
    case 'initialize':
      return reply({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'logging-server', version: '1.0.0' },
      });
    case 'ping':
      return reply({});
    case 'tools/list':
      return reply({ tools: TOOLS });
    case 'tools/call':
      return reply(await call(params?.name, params?.arguments ?? {}));
    default:
      return { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } };
  }
}

log({ event: 'start', pid: process.pid });

if (values.http === undefined) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const response = await answer(JSON.parse(line) as Message);
    if (response !== undefined) process.stdout.write(`${JSON.stringify(response)}\n`);
  });
  // A call that sleeps must not keep an orphan alive.
  lines.on('close', () => process.exit(0));
} else {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const message = await answer(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message);
    if (message === undefined) response.writeHead(202).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  server.listen(Number(values.http), '127.0.0.1', () => {
    process.stdout.write(
      `${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` })}\n`,
    );
  });
}
