/**
 * The governed part of a chat by itself, in this process: the compiled column of `chat` with a real trail, a real key, a rate, a budget,
 * prices and metrics, in front of a provider that answers at once. No HTTP, no JSON of requests and answers: what rivals call
 * overhead. Prints one line of JSON. A folder for its data is the only argument.
 */

import { join } from 'node:path';
import type { ModelCall, ModelGateway } from '../src/contracts/call.ts';
import type { ModelOutcome, ModelProvider } from '../src/contracts/models.ts';
import type { Offer, UpstreamServer } from '../src/contracts/upstream.ts';
import { decodeChat } from '../src/edges/openai-chat/decode-chat.ts';
import { parseConfig } from '../src/platform/config/parse-config.ts';
import { openBookkeepingGateway } from './bookkeeping-gateway.ts';
import { measureAlone, measureTogether, type Spread, type TimedCalls, TOGETHER } from './time-calls.ts';

export interface ModelBookkeepingFigures {
  /** 32 calls at once, as at full load. */
  readonly together: Spread;
  readonly alone: Spread;
  /** `together`, with 100 tools that the gateway adds to each request. */
  readonly withTools: Spread;
}

const [folder = ''] = process.argv.slice(2);
const KEYS = { plain: 'pck_bench_only_no_secret_0000000', tools: 'pck_bench_only_no_secret_0000001' };
const TOOLS = 100;
const WARM_CALLS = 20_000;
const ROUNDS = 1_500;
const ALONE_CALLS = 20_000;

const limits = { requests: [{ max: 100_000_000, per: 'minute' }], budgets: [{ maxUsd: 1_000_000, per: 'day' }] };
const parsed = parseConfig(
  JSON.stringify({
    mcpServers: { mock: { type: 'http', url: 'http://127.0.0.1:1/mcp' } },
    providers: { bench: { type: 'openai', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sk-bench-only-no-secret' } },
    models: { prices: { 'bench/*': { inputUsdPerMillion: 1, outputUsdPerMillion: 2 } } },
    keys: [
      { name: 'plain', value: KEYS.plain, allow: ['*'], toolMode: 'off', limits },
      { name: 'tools', value: KEYS.tools, allow: ['*'], toolMode: 'classic', limits },
    ],
    metrics: { token: 'bench_only_no_secret' },
  }),
  { file: join(folder, 'portcullis.json'), env: {} },
);
if (!parsed.ok) throw new Error(`the configuration of this file is not valid: ${JSON.stringify(parsed)}`);
const { config } = parsed;
const [server] = config.servers;
const [provider] = config.providers ?? [];
if (server === undefined || provider === undefined) throw new Error('the configuration of this file lacks something');

const offer: Offer = {
  ...{ revision: 1, era: 'modern', protocolVersion: '2026-07-28', serverInfo: undefined, instructions: undefined },
  capabilities: { tools: {} },
  tools: Array.from({ length: TOOLS }, (_, i) => ({
    name: `tool_${i}`,
    text: `{"name":"tool_${i}","description":"Does number ${i}.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}`,
    ...{ readOnly: false, idempotent: false, headerParams: [] },
  })),
  ...{ prompts: [], resources: [], templates: [] },
  cache: { tools: undefined, prompts: undefined, resources: undefined, templates: undefined },
};
const upstream = { id: server.id, config: server, offer: () => offer, setLogLevel() {} };
const servers = new Map([[server.id, upstream as unknown as UpstreamServer]]);
const ANSWER =
  '{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Yes."}}]}';
const answering: ModelProvider = {
  ...{ id: provider.id, config: provider, embed: undefined, countTokens: undefined, listModels: undefined },
  pass: undefined,
  chat({ report }): Promise<Extract<ModelOutcome, { type: 'chat' }>> {
    report.usage = { inputTokens: 25, outputTokens: 12 };
    report.stop = 'end';
    return Promise.resolve({ type: 'chat', answer: { lane: 'pass', value: ANSWER } });
  },
};
const providers = new Map([[provider.id, answering]]);
const { gateway, ids, close } = await openBookkeepingGateway({ folder, config, servers, providers });

const text = '{"model":"bench/small","messages":[{"role":"user","content":"What is the answer?"}]}';
const value = JSON.parse(text);
const endpoint = { type: 'all' } as const;
let made = 0;

/** As an edge makes it of a request; each connection presents the same credential again. */
function callsOf(key: string): TimedCalls<ModelCall> {
  const credentials = Array.from({ length: TOGETHER }, () => ({ source: 'authorization', token: key }) as const);
  return {
    make: () => ({
      id: ids.uuid7(Date.now()),
      kind: 'chat',
      receivedAtMs: Date.now(),
      startedMs: performance.now(),
      surface: 'models',
      endpoint,
      credential: credentials[made++ % TOGETHER],
      client: undefined,
      narrowing: { servers: undefined, tools: undefined },
      params: { text, value },
      name: 'bench/small',
      peer: {
        ...{ era: 'modern', protocolVersion: '', info: '{"name":"bench"}', capabilities: '{}', session: undefined },
        ...{ logLevel: undefined, progressToken: undefined, ask: undefined },
        notify() {},
      },
      watch: undefined,
      signal: { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} },
      ...{ traceparent: undefined, parentId: undefined },
      facts: {},
      model: {
        ...{ operation: 'chat', dialect: 'openai-chat', stream: false },
        wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
        headers: new Map(),
        chat: () => decodeChat(value),
      },
      routingHeaders: () => new Map(),
    }),
    async run(call) {
      const outcome = await (gateway as ModelGateway).call(call);
      if (outcome.type !== 'chat') throw new Error(`not a chat: ${outcome.type}`);
      if (call.facts.priceMicroUsd === undefined) throw new Error('the chat has no price');
    },
    sent: (call) => call.facts.onSent?.(call),
  };
}

const plain = callsOf(KEYS.plain);
const injecting = callsOf(KEYS.tools);
await measureTogether(plain, WARM_CALLS / TOGETHER);
await measureTogether(injecting, WARM_CALLS / TOGETHER / 4);
const probe = injecting.make();
await injecting.run(probe);
if (probe.facts.injected?.tools.length !== TOOLS) throw new Error('the tools were not added');
const figures: ModelBookkeepingFigures = {
  together: await measureTogether(plain, ROUNDS),
  alone: await measureAlone(plain, ALONE_CALLS),
  withTools: await measureTogether(injecting, ROUNDS),
};
await close();
process.stdout.write(`${JSON.stringify(figures)}\n`);
