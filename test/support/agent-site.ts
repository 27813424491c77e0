/** A gateway in this process whose model does what a test says, with pretended servers and real stores of runs and approvals. */

import type { AssistantPart, ChatMessage, ChatRequest } from '../../src/contracts/chat.ts';
import type { GatewayConfig } from '../../src/contracts/config.ts';
import type { UsageLimits } from '../../src/contracts/limits.ts';
import { type ModelProvider, ProviderFailure } from '../../src/contracts/models.ts';
import type { ModelsConfig } from '../../src/contracts/models-config.ts';
import type { AgentRules } from '../../src/contracts/runs.ts';
import type { RecordSealer } from '../../src/contracts/sealing.ts';
import type { UpstreamReply, UpstreamRequest } from '../../src/contracts/upstream.ts';
import { offerOf } from '../../src/pipeline/fixtures/harness.ts';
import { openApprovalStore } from '../../src/platform/stores/sqlite/approvals.ts';
import { openRunStore } from '../../src/platform/stores/sqlite/runs.ts';
import { openSuggestionStore } from '../../src/platform/stores/sqlite/suggestions.ts';
import { createAnswerReaders } from '../../src/upstreams/models/answer-readers.ts';
import { piecesOf } from '../../src/upstreams/models/fake/perform.ts';
import { providerConfig, startModelSurface } from './model-surface.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export const AGENT_KEY = 'pck_agent_mode_0123456789';
export const AGENT: AgentRules = {
  ...{ mode: 'on', auto: ['files'], onlyIf: [], maxRounds: 10, maxCalls: 50, maxDurationMs: 60_000 },
};

/** What the model says to what it was told; `round` counts from 1 over all requests. */
export type Model = (
  messages: readonly ChatMessage[],
  round: number,
  request: ChatRequest,
  signal: { readonly aborted: boolean },
) => readonly AssistantPart[] | Promise<readonly AssistantPart[]>;

export const say = (text: string): AssistantPart => ({ type: 'text', text });
let calls = 0;
/** A call of a tool, with an id of its own. */
export const callTool = (name: string, args: object = {}, id = `call_${++calls}`): AssistantPart => ({
  ...{ type: 'tool-call', id, name, arguments: JSON.stringify(args) },
});

/** `files__read`, `files__write` and `mail__send`; the key may have those of `files` run. */
export async function startAgentSite(
  cleanup: Cleanup,
  options: {
    readonly model: Model;
    readonly agent?: Partial<AgentRules>;
    readonly config?: Partial<GatewayConfig>;
    readonly dataDir?: string;
    readonly tool?: (request: UpstreamRequest) => Promise<UpstreamReply>;
    readonly sealer?: RecordSealer;
    readonly prices?: ModelsConfig['prices'];
    /** Of the key. */
    readonly limits?: UsageLimits;
  },
) {
  const dataDir = options.dataDir ?? (await createTempDir(cleanup));
  const runs = openRunStore({ dataDir });
  const suggestions = openSuggestionStore({ dataDir, now: Date.now });
  const approvals = openApprovalStore({ dataDir });
  cleanup.after(async () => {
    await runs[Symbol.asyncDispose]();
    await approvals[Symbol.asyncDispose]();
    await suggestions[Symbol.asyncDispose]();
  });
  const recordSealer: RecordSealer = options.sealer ?? {
    seal: (plain, boundTo) => JSON.stringify([plain, boundTo]),
    open: (sealed, boundTo) => (JSON.parse(sealed)[1] === boundTo ? JSON.parse(sealed)[0] : undefined),
    refusal: () => undefined,
  };
  let round = 0;
  const told: (readonly ChatMessage[])[] = [];
  const provider: ModelProvider = {
    ...{ id: 'm', config: providerConfig('m', 'http://127.0.0.1:1/v1', { type: 'fake' }) },
    ...{ embed: undefined, pass: undefined, listModels: undefined, countTokens: undefined },
    async chat({ request, report, signal }) {
      const chat = request.chat();
      told.push(chat.messages);
      const parts = await options.model(chat.messages, ++round, chat, signal);
      const stop = parts.some(({ type }) => type === 'tool-call') ? ('tool-calls' as const) : ('end' as const);
      const usage = { inputTokens: 10, outputTokens: 5 };
      report.usage = usage;
      const head = { id: `answer-${round}`, model: 'x', createdAtS: 1_750_000_000 };
      if (!request.stream)
        return { type: 'chat', answer: { lane: 'neutral', value: { ...head, choices: [{ parts, stop }], usage } } };
      const pieces = piecesOf(head, [{ parts, stop }], usage, 3);
      const stream = (async function* () {
        for (const piece of pieces) {
          await new Promise((resolve) => setImmediate(resolve));
          if (signal.aborted) throw new ProviderFailure('cancelled', 'left');
          yield piece;
        }
      })();
      return { type: 'chat-stream', stream: { lane: 'neutral', value: stream }, contentType: 'text/event-stream' };
    },
  };
  const site = await startModelSurface(cleanup, {
    providers: [provider],
    models: { toolMode: 'classic', prices: options.prices ?? [] },
    offers: {
      files: offerOf({ tools: [{ name: 'read', readOnly: true }, { name: 'write' }] }),
      mail: offerOf({ tools: [{ name: 'send' }] }),
    },
    ...(options.config && { config: options.config }),
    executions: { suggestions, runs, approvals, recordSealer, readers: createAnswerReaders() },
  });
  const { harness } = site;
  harness.keys.add(
    AGENT_KEY,
    { allow: ['*'], deny: [], agent: { ...AGENT, ...options.agent } },
    { limits: options.limits },
  );
  harness.gateway.refreshKeys();
  const answer =
    options.tool ??
    (async ({ params }: UpstreamRequest): Promise<UpstreamReply> => {
      const text = `did ${JSON.stringify(JSON.parse(params).arguments)}`;
      return { type: 'result', text: JSON.stringify({ content: [{ type: 'text', text }] }) };
    });
  for (const server of harness.servers.values()) server.answer = answer;
  return { ...site, suggestions, runs, approvals, dataDir, told };
}
