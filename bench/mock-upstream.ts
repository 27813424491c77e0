/**
 * A cheap MCP server for measuring what stands in front of it: node:net, canned answers, the request's id echoed. Speaks
 * both eras over HTTP on every path, or newline-delimited JSON on stdio. Over HTTP it prints its port.
 *
 * `--result-bytes N` size of a tools/call result, `--tools N` how many are listed, `--read-only` marks them so,
 * `--legacy-only` refuses the modern era, so that a gateway speaks the older one to it, `--stdio`.
 */

import { parseArgs } from 'node:util';
import { listenForRequests } from './listen-requests.ts';

const { values } = parseArgs({
  options: {
    'result-bytes': { type: 'string', default: '200' },
    tools: { type: 'string', default: '10' },
    'read-only': { type: 'boolean', default: false },
    'legacy-only': { type: 'boolean', default: false },
    stdio: { type: 'boolean', default: false },
  },
});

/** What surrounds the text in a result. */
const FRAME_BYTES = 60;
const content = JSON.stringify([
  { type: 'text', text: 'x'.repeat(Math.max(1, Number(values['result-bytes']) - FRAME_BYTES)) },
]);
const TOOLS = JSON.stringify(
  Array.from({ length: Number(values.tools) }, (_, i) => ({
    name: i === 0 ? 'echo' : `tool_${i}`,
    title: `Tool number ${i}`,
    description: `Does the thing with the number ${i}, reads a text and a count, and answers with what it found there.`,
    inputSchema: {
      type: 'object',
      properties: {
        text: { type: 'string', description: 'What to look at' },
        count: { type: 'integer', minimum: 0 },
        deep: { type: 'boolean' },
      },
      required: ['text'],
    },
    annotations: { readOnlyHint: values['read-only'], destructiveHint: false },
  })),
);

const LEGACY_CALL = `,"result":{"content":${content}}}`;
const MODERN_CALL = `,"result":{"resultType":"complete","content":${content}}}`;
const HINTS = ',"resultType":"complete","ttlMs":60000,"cacheScope":"private"';
const LEGACY_LIST = `{"tools":${TOOLS}}`;
const MODERN_LIST = `{"tools":${TOOLS}${HINTS}}`;
const REFUSAL = '"error":{"code":-32600,"message":"Bad Request: Server not initialized"}';

function resultOf(method: string, isModern: boolean, body: string): string {
  switch (method) {
    case 'initialize': {
      const version = /"protocolVersion":\s*"([^"]+)"/.exec(body)?.[1] ?? '2025-11-25';
      return `{"protocolVersion":"${version}","capabilities":{"tools":{}},"serverInfo":{"name":"mock","version":"1"}}`;
    }
    case 'server/discover':
      return `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}${HINTS}}`;
    case 'tools/list':
      return isModern ? MODERN_LIST : LEGACY_LIST;
    default:
      return '{}';
  }
}

interface Reply {
  readonly status: '200 OK' | '400 Bad Request';
  /** ASCII, so that its length is its size. */
  readonly text: string;
}

/** The answer to one JSON-RPC message, or undefined for notifications. Looks at no more than it must. */
function answer(body: string): Reply | undefined {
  const id = /"id":\s*("[^"]*"|\d+)/.exec(body)?.[1];
  if (id === undefined) return undefined;
  const isModern = body.includes('io.modelcontextprotocol/protocolVersion');
  if (isModern && values['legacy-only'])
    return { status: '400 Bad Request', text: `{"jsonrpc":"2.0","id":${id},${REFUSAL}}` };
  if (body.includes('"tools/call"'))
    return { status: '200 OK', text: `{"jsonrpc":"2.0","id":${id}${isModern ? MODERN_CALL : LEGACY_CALL}` };
  const method = /"method":\s*"([^"]+)"/.exec(body)?.[1] ?? '';
  return { status: '200 OK', text: `{"jsonrpc":"2.0","id":${id},"result":${resultOf(method, isModern, body)}}` };
}

function answerHttp(method: string, body: string): string {
  if (method === 'GET') return 'HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n';
  const reply = method === 'POST' ? answer(body) : undefined;
  if (reply === undefined) return 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n';
  const session = body.includes('"initialize"') ? 'mcp-session-id: mock-session-0123456789\r\n' : '';
  return (
    `HTTP/1.1 ${reply.status}\r\ncontent-type: application/json\r\n${session}` +
    `content-length: ${reply.text.length}\r\n\r\n${reply.text}`
  );
}

function serveHttp(): void {
  listenForRequests((socket, head, body) => {
    socket.write(answerHttp(head.slice(0, head.indexOf(' ')), body), 'latin1');
  });
}

function serveStdio(): void {
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    let out = '';
    for (const line of lines) {
      const reply = answer(line);
      if (reply !== undefined) out += `${reply.text}\n`;
    }
    if (out !== '') process.stdout.write(out);
  });
  process.stdin.on('end', () => process.exit(0));
}

if (values.stdio) serveStdio();
else serveHttp();
