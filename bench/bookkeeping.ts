/**
 * The governed part of a tool call by itself, in this process: the compiled column of `tools/call` with a real trail, real
 * keys and metrics, in front of a server that answers at once. No HTTP, no JSON of messages: what rivals call overhead.
 * Prints one line of JSON. A folder for its data is the only argument.
 */

import { join } from 'node:path';
import type { Call, McpOutcome } from '../src/contracts/call.ts';
import type { ParsedJson } from '../src/contracts/json.ts';
import type { Offer, UpstreamReply, UpstreamServer } from '../src/contracts/upstream.ts';
import { scanMembers } from '../src/lib/json-text.ts';
import { parseConfig } from '../src/platform/config/parse-config.ts';
import { openBookkeepingGateway } from './bookkeeping-gateway.ts';
import { measureAlone, measurePaced, measureTogether, type Spread, type TimedCalls, TOGETHER } from './time-calls.ts';

export interface BookkeepingFigures {
  /** 32 calls at once, as at full load: the time until all are through, divided by 32. */
  readonly together: Spread;
  /** One after the other, from the call to its outcome. */
  readonly alone: Spread;
  /** The same, 5,000 of them a second: caches are colder. */
  readonly paced: Spread;
  /** `together` for tools that say they only read: nothing is written ahead. */
  readonly readOnly: Spread;
}

const [folder = ''] = process.argv.slice(2);
const KEY = 'pck_bench_only_no_secret_0000000';
const TOOLS = 500;
const WARM_CALLS = 20_000;
const TOGETHER_ROUNDS = 1_500;
const ALONE_CALLS = 20_000;
const PACED_CALLS = 10_000;

const parsed = parseConfig(
  JSON.stringify({
    mcpServers: { mock: { type: 'http', url: 'http://127.0.0.1:1/mcp' } },
    keys: [{ name: 'bench', value: KEY, allow: ['*'], deny: ['*/tool_7'] }],
    metrics: { token: 'bench_only_no_secret' },
  }),
  { file: join(folder, 'portcullis.json'), env: {} },
);
const server = parsed.ok ? parsed.config.servers[0] : undefined;
if (!parsed.ok || server === undefined) throw new Error('the configuration of this file is not valid');

const REPLY: Promise<UpstreamReply> = Promise.resolve({
  type: 'result',
  text: `{"content":[{"type":"text","text":"${'x'.repeat(140)}"}]}`,
});
const offer: Offer = {
  revision: 1,
  era: 'modern',
  protocolVersion: '2026-07-28',
  serverInfo: undefined,
  capabilities: { tools: {} },
  instructions: undefined,
  tools: Array.from({ length: TOOLS }, (_, i) => ({
    name: `tool_${i}`,
    text: `{"name":"tool_${i}","inputSchema":{"type":"object"}}`,
    readOnly: i % 2 === 1,
    idempotent: false,
    headerParams: [],
  })),
  prompts: [],
  resources: [],
  templates: [],
  cache: { tools: undefined, prompts: undefined, resources: undefined, templates: undefined },
};
const upstream: Pick<UpstreamServer, 'id' | 'config' | 'offer' | 'request' | 'setLogLevel'> = {
  id: server.id,
  config: server,
  offer: () => offer,
  request: () => REPLY,
  setLogLevel() {},
};
const servers = new Map([[server.id, upstream as UpstreamServer]]);
const { gateway, ids, close } = await openBookkeepingGateway({ folder, config: parsed.config, servers });

/** As many callers as connections; each presents the same object again, as one on a kept-alive connection does. */
const credentials = Array.from({ length: TOGETHER }, () => ({ source: 'authorization', token: KEY }) as const);

function makeCall(number: number, tool: number): Call {
  const name = `mock__tool_${tool}`;
  const text = `{"name":"${name}","arguments":{"text":"what is known of number ${number}?","count":3,"deep":false}}`;
  const params: ParsedJson = {
    text,
    value: JSON.parse(text),
    scan: { members: scanMembers(text), meta: undefined },
  };
  return {
    id: ids.uuid7(Date.now()),
    kind: 'tools.call',
    receivedAtMs: Date.now(),
    startedMs: performance.now(),
    surface: 'mcp',
    endpoint: { type: 'all' },
    credential: credentials[number % TOGETHER],
    narrowing: { servers: undefined, tools: undefined },
    params,
    name,
    peer: {
      era: 'modern',
      protocolVersion: '2026-07-28',
      info: '{"name":"bench","version":"1"}',
      capabilities: '{}',
      session: undefined,
      logLevel: undefined,
      progressToken: undefined,
      notify() {},
      ask: undefined,
    },
    watch: undefined,
    signal: { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} },
    traceparent: undefined,
    parentId: undefined,
    facts: {},
  };
}

let made = 0;
/** Every tool in turn, those of one parity: writing ones or reading ones; never the hidden one. */
const callsOf = (parity: 0 | 1): TimedCalls<Call> => ({
  make() {
    const tool = (made * 2 + parity) % TOOLS;
    return makeCall(made++, tool === 7 ? 9 : tool);
  },
  async run(call) {
    const outcome: McpOutcome = await gateway.call(call);
    if (outcome.type !== 'result') throw new Error(`not a result: ${outcome.text}`);
  },
  sent: (call) => call.facts.onSent?.(call),
});

const writing = callsOf(0);
await measureTogether(writing, WARM_CALLS / TOGETHER);
const figures: BookkeepingFigures = {
  together: await measureTogether(writing, TOGETHER_ROUNDS),
  alone: await measureAlone(writing, ALONE_CALLS),
  paced: await measurePaced(writing, PACED_CALLS),
  readOnly: await measureTogether(callsOf(1), TOGETHER_ROUNDS),
};
await close();
process.stdout.write(`${JSON.stringify(figures)}\n`);
