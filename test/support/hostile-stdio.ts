/**
 * A stdio server (2025-06-18) that misbehaves, one way per tool; `echo` is the one that behaves. With `--tools N` it lists N
 * tools, with `--endless-pages` its tool list never ends.
 */

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { tools: { type: 'string', default: '0' }, 'endless-pages': { type: 'boolean', default: false } },
});

type Id = string | number;
interface Message {
  readonly id?: Id;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly cursor?: string;
    readonly arguments?: { readonly text?: string };
  };
}

const write = (text: string): void => void process.stdout.write(text);
const send = (message: object): void => write(`${JSON.stringify(message)}\n`);
const textResult = (text: string): object => ({ content: [{ type: 'text', text }] });
const respond = (id: Id, text: string): void => send({ jsonrpc: '2.0', id, result: textResult(text) });

/** Ways to misbehave. */
const MISDEEDS: { readonly [name: string]: (id: Id, text: string) => void | Promise<void> } = {
  echo: (id, text) => respond(id, text),
  garbage_first(id, text) {
    write('this is not JSON\n{"jsonrpc":"2.0",\n\n\u0000\u0001[1,2\n"text"\n42\nnull\n');
    respond(id, text);
  },
  garbage_only: (id) => write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[\n`),
  huge_line: (id) => respond(id, 'x'.repeat(2_000_000)),
  endless_line: () => write('x'.repeat(2_000_000)),
  async stderr_flood(id, text) {
    for (let line = 0; line < 20_000; line++) process.stderr.write(`${'e'.repeat(200)} ${line}\n`);
    process.stderr.write('e'.repeat(1_000_000));
    respond(id, text);
  },
  async late(id, text) {
    await sleep(2500);
    respond(id, text);
  },
  never() {},
  twice(id, text) {
    respond(id, `${text} first`);
    respond(id, `${text} second`);
  },
  other_id(id) {
    send({ jsonrpc: '2.0', id: 987_654_321, result: textResult('for somebody else') });
    send({ jsonrpc: '2.0', id: `${id}x`, result: textResult('for somebody else') });
    send({ jsonrpc: '2.0', id: null, error: { code: -32603, message: 'for nobody' } });
  },
  exits: () => process.exit(3),
  result_and_error: (id) =>
    send({ jsonrpc: '2.0', id, result: textResult('?'), error: { code: -32603, message: '?' } }),
  neither: (id) => send({ jsonrpc: '2.0', id }),
  result_is_text: (id) => send({ jsonrpc: '2.0', id, result: 'not an object' }),
  notification_flood(id, text) {
    for (let index = 0; index < 5000; index++)
      send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: `p${index}`, progress: 1 } });
    respond(id, text);
  },
};

const PAGE = 1000;
const extra = Number(values.tools);

function listTools(cursor: string | undefined): object {
  const start = Number(cursor ?? '0');
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
  const many = Array.from({ length: Math.max(0, Math.min(PAGE, extra - start)) }, (_, index) => ({
    name: `tool_${start + index}`,
    description: 'One of many',
    inputSchema,
  }));
  const own =
    cursor === undefined ? Object.keys(MISDEEDS).map((name) => ({ name, description: name, inputSchema })) : [];
  const hasMore = values['endless-pages'] || start + PAGE < extra;
  return { tools: [...own, ...many], ...(hasMore ? { nextCursor: String(start + PAGE) } : {}) };
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, method, params } = JSON.parse(line) as Message;
    if (id === undefined) return;
    if (method === 'initialize')
      send({
        jsonrpc: '2.0',
        id,
        result: {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'hostile', version: '1.0.0' },
        },
      });
    else if (method === 'ping') send({ jsonrpc: '2.0', id, result: {} });
    else if (method === 'tools/list') send({ jsonrpc: '2.0', id, result: listTools(params?.cursor) });
    else if (method === 'tools/call') void (MISDEEDS[params?.name ?? ''] ?? respond)(id, params?.arguments?.text ?? '');
    else send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
  })
  .on('close', () => process.exit(0));
