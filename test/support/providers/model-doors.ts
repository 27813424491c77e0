/**
 * The doors of models over real HTTP with nothing behind them but providers of the test's own: no configuration, no process,
 * every call goes to the provider that stands before the slash of the model's name.
 */

import type { ModelCall } from '../../../src/contracts/call.ts';
import type { ChatEvent, ChatRequest, Usage } from '../../../src/contracts/chat.ts';
import { GatewayError } from '../../../src/contracts/errors.ts';
import type { Log } from '../../../src/contracts/log.ts';
import { type InjectedTools, type ModelProvider, ProviderFailure } from '../../../src/contracts/models.ts';
import type { ProviderConfig } from '../../../src/contracts/models-config.ts';
import { Secret } from '../../../src/contracts/secret.ts';
import type { Route } from '../../../src/edges/http/exchange.ts';
import { createHttpServer } from '../../../src/edges/http/http-server.ts';
import type { ModelEdgeDeps } from '../../../src/edges/models/serve-model.ts';
import { createAttempt } from '../../../src/pipeline/models/attempt.ts';
import { createModelHealth } from '../../../src/pipeline/models/model-health.ts';
import { createModelSteps } from '../../../src/pipeline/steps/call-model.ts';
import { cutText, readScript } from '../../../src/upstreams/models/fake/script.ts';

export interface ModelDoors extends AsyncDisposable {
  readonly origin: string;
  /** Calls that were made, in order. */
  readonly calls: readonly ModelCall[];
}

/** The only key the doors open to. */
export const DOOR_KEY = 'pk-test-0123456789';

export async function openModelDoors(
  createRoutes: (deps: ModelEdgeDeps) => readonly Route[],
  providers: readonly ModelProvider[],
  injected?: InjectedTools,
): Promise<ModelDoors> {
  const calls: ModelCall[] = [];
  const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const attempt = createAttempt({
    providers: () => new Map(providers.map((provider) => [provider.id, provider])),
    monotonicMs: () => performance.now(),
    health: createModelHealth({ monotonicMs: () => performance.now() }),
    random: Math.random,
  });
  const complete = createModelSteps(attempt)['complete-chat'];
  let ids = 0;
  const routes = createRoutes({
    gateway: {
      admit: () => undefined,
      identify(credential) {
        if (credential?.token !== DOOR_KEY) throw new GatewayError('unauthenticated');
        return undefined as never;
      },
      call(call) {
        calls.push(call);
        const [provider = '', ...model] = call.name.split('/');
        call.facts.plan = { stages: [[{ provider, model: model.join('/'), weight: 1 }]], rule: undefined };
        if (injected !== undefined) call.facts.injected = injected;
        return complete(call);
      },
    },
    log: silent,
    limits: () => ({ maxJsonDepth: 100 }),
    now: () => Date.now(),
    newId: () => `test-${++ids}`,
  });
  const allowed = () => ({ hosts: [], origins: [] });
  const server = createHttpServer({ routes, log: silent, limits: { maxBodyBytes: 10_000_000 }, allowed });
  const { url } = await server.listen('127.0.0.1', 0);
  return { origin: url.replace(/\/$/, ''), calls, [Symbol.asyncDispose]: () => server.close(0) };
}

export function providerConfig(id: string, baseUrl: string): ProviderConfig {
  return {
    ...{ id, type: 'openai', enabled: true, preset: undefined, baseUrl, headers: {}, cloud: undefined },
    keys: [{ name: 'main', value: new Secret('sk-upstream-secret'), weight: 1, models: ['*'] }],
    ...{ apiVersion: undefined, models: [], timeoutMs: 60_000, firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000 },
    quirks: { refuses: [], renames: {}, streamUsage: true, has: ['responses'] },
    ...{ maxRetries: 0, maxAnswerBytes: 1_000_000, circuitBreaker: { failures: 5, openMs: 1_000 } },
  };
}

export interface ScriptedModel extends ModelProvider {
  /** What it was asked, in neutral words. */
  readonly asked: readonly ChatRequest[];
}

/** A provider of no dialect: answers by script (see `fake/script.ts`) in neutral words. */
export function createScriptedModel(id: string): ScriptedModel {
  const asked: ChatRequest[] = [];
  return {
    ...{ id, config: providerConfig(id, 'http://127.0.0.1:9'), asked },
    async chat({ request, model, report }) {
      const chat = request.chat();
      asked.push(chat);
      const last = chat.messages.findLastIndex(({ role }) => role === 'user');
      const textOf = (index: number): string =>
        (chat.messages[index]?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
      const prompt = textOf(last);
      const after = chat.messages.flatMap(({ role }, i) => (role === 'tool' && i > last ? [textOf(i)] : []));
      const media = (chat.messages[last]?.parts ?? []).flatMap((part) =>
        'source' in part && part.source.type === 'base64' ? [`${part.type} ${part.source.mediaType}`] : [],
      );
      const script = readScript(prompt, { media, toolResults: after });
      if (script.fault?.type === 'status')
        throw new ProviderFailure(script.fault.status === 429 ? 'rate-limited' : 'server-error', 'as told', {
          status: script.fault.status,
          retryAfterMs: (script.fault.retryAfterS ?? 0) * 1_000,
        });
      const head = { id: 'abc123', model, createdAtS: 1_790_000_000 };
      const usage: Usage = { inputTokens: 11, outputTokens: 7, cachedTokens: 3, reasoningTokens: 2 };
      const parts = script.parts.map((part, i) => {
        if (part.type !== 'tool-call') return part;
        const named = chat.tools.find((tool) => tool.name === part.name);
        const group = named?.type !== 'foreign' && named?.namespace ? { namespace: named.namespace } : {};
        return { ...part, id: `call_${i}`, ...group, ...(named?.type === 'custom' ? { custom: true as const } : {}) };
      });
      Object.assign(report, { usage, stop: script.stop });
      if (!request.stream)
        return {
          type: 'chat',
          answer: { lane: 'neutral', value: { ...head, choices: [{ parts, stop: script.stop }], usage } },
        };
      async function* stream(): AsyncGenerator<readonly ChatEvent[]> {
        yield [{ type: 'start', ...head }];
        for (const [part, value] of parts.entries()) {
          const at = { choice: 0, part };
          const text = value.type === 'tool-call' ? value.arguments : value.text;
          const empty = value.type === 'tool-call' ? { ...value, arguments: '' } : { ...value, text: '' };
          yield [{ type: 'part-start', ...at, value: empty }];
          for (const piece of cutText(text, script.chunks)) yield [{ type: 'delta', ...at, text: piece }];
          yield [{ type: 'part-end', ...at }];
        }
        if (script.fault !== undefined && script.fault.type !== 'status' && script.fault.at === 'stream')
          throw new GatewayError('provider_failed', 'the stream broke');
        yield [{ type: 'choice-end', choice: 0, stop: script.stop }, { type: 'usage', usage }, { type: 'end' }];
      }
      return { type: 'chat-stream', stream: { lane: 'neutral', value: stream() }, contentType: 'text/event-stream' };
    },
    ...{ embed: undefined, countTokens: undefined, pass: undefined, listModels: undefined },
  };
}
