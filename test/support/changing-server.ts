/**
 * A stdio server (2025-06-18) that offers what a file says, and says so when the file changes: `node changing-server.ts FILE`.
 * The file holds `{ tools, prompts?, instructions? }`. Every call is answered with the name of what was called.
 */

import { readFileSync, watchFile } from 'node:fs';
import { createInterface } from 'node:readline';

const file = process.argv[2] ?? '';

interface Offered {
  readonly tools: readonly object[];
  readonly prompts?: readonly object[];
  readonly instructions?: string;
}

const read = (): Offered => JSON.parse(readFileSync(file, 'utf8')) as Offered;
const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

watchFile(file, { interval: 30 }, () => {
  send({ method: 'notifications/tools/list_changed' });
  send({ method: 'notifications/prompts/list_changed' });
});

function answer(method: string, params: { readonly name?: string } | undefined): object {
  const { tools, prompts = [], instructions } = read();
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-06-18',
        capabilities: { tools: { listChanged: true }, prompts: { listChanged: true }, completions: {} },
        serverInfo: { name: 'changing-server', version: '1.0.0' },
        ...(instructions === undefined ? {} : { instructions }),
      };
    case 'tools/list':
      return { tools };
    case 'prompts/list':
      return { prompts };
    case 'tools/call':
      return { content: [{ type: 'text', text: `called ${params?.name}` }] };
    case 'prompts/get':
      return { messages: [{ role: 'user', content: { type: 'text', text: `got ${params?.name}` } }] };
    case 'completion/complete':
      return { completion: { values: ['yes'] } };
    default:
      return {};
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line) as { id?: string | number; method?: string; params?: { name?: string } };
  if (message.id !== undefined && message.method !== undefined)
    send({ id: message.id, result: answer(message.method, message.params) });
});
lines.on('close', () => process.exit(0));
