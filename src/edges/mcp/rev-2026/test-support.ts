/** What the tests of this folder share: the edge on a real HTTP server, a scripted gateway behind it, a raw client before it. */

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import type { Call, Gateway, McpOutcome, WatchRequest } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonObject, ParsedJson } from '../../../contracts/json.ts';
import type { Log } from '../../../contracts/log.ts';
import { createSseDecoder } from '../../../lib/sse.ts';
import { createHttpServer } from '../../http/http-server.ts';
import { createModernMcp, type ModernMcp, type ModernMcpDeps } from './modern-mcp.ts';

export type Script = (call: Call) => McpOutcome | Promise<McpOutcome>;

/** A gateway that answers what the test says, knows the keys it is told, and lets the test fire watch events. */
export interface ScriptedGateway extends Gateway {
  readonly calls: Call[];
  readonly watches: { readonly request: WatchRequest; disposed: boolean }[];
  readonly keys: Set<string>;
}

export function result(text: string): McpOutcome {
  return { type: 'result', text, isError: false };
}

export function createScriptedGateway(script: Script): ScriptedGateway {
  const gateway: ScriptedGateway = {
    calls: [],
    watches: [],
    keys: new Set(['key-a', 'key-b']),
    call(call) {
      gateway.identify(call.credential);
      gateway.calls.push(call);
      return script(call);
    },
    admit: () => undefined,
    checkScope: () => {},
    identify(credential) {
      if (credential === undefined || !gateway.keys.has(credential.token)) throw new GatewayError('unauthenticated');
      return { keyId: credential.token, keyName: credential.token, grant: { allow: ['*'], deny: [] } };
    },
    serves: (endpoint) => endpoint.type === 'all' || (endpoint.type === 'server' && endpoint.serverId === 'one'),
    watch(request) {
      const watch = { request, disposed: false };
      gateway.watches.push(watch);
      return {
        hold: () => Promise.resolve(),
        holdTask: () => Promise.resolve(),
        release() {},
        setLogLevel() {},
        [Symbol.dispose]() {
          watch.disposed = true;
        },
      };
    },
  };
  return gateway;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface TestEdge extends AsyncDisposable {
  readonly url: string;
  readonly gateway: ScriptedGateway;
  readonly modern: ModernMcp;
}

export async function startEdge(
  script: Script,
  options: Partial<Pick<ModernMcpDeps, 'streamAfterMs' | 'subscribeTimeoutMs'>> = {},
): Promise<TestEdge> {
  const gateway = createScriptedGateway(script);
  let ids = 0;
  const modern = createModernMcp({
    gateway,
    log: silent,
    identity: { name: 'portcullis', version: '0.0.0-test' },
    now: () => 1_000,
    newId: () => `call-${ids++}`,
    ...options,
  });
  const server = createHttpServer({
    routes: [
      async (exchange) => {
        const text = await exchange.body();
        const message: ParsedJson = { text, value: JSON.parse(text) as JsonObject };
        const [, serverId] = exchange.segments;
        await modern.handle(exchange, serverId === undefined ? { type: 'all' } : { type: 'server', serverId }, message);
        return true;
      },
    ],
    log: silent,
    limits: { maxBodyBytes: 1_000_000 },
    allowed: () => ({ hosts: [], origins: [] }),
  });
  const { url } = await server.listen('127.0.0.1', 0);
  return {
    url: `${url}/mcp`,
    gateway,
    modern,
    async [Symbol.asyncDispose]() {
      modern.closeAll();
      await server.close(0);
    },
  };
}

export const META_KEYS = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Headers of a conforming client for this message; undefined removes one. */
export interface Post {
  readonly method: string;
  readonly params?: JsonObject;
  readonly id?: unknown;
  readonly headers?: { readonly [name: string]: string | undefined };
  readonly path?: string;
  /** The whole body, instead of one made of the parts above. */
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The next event of a stream, as its data. Rejects when the stream ends before. */
  nextEvent(): Promise<string>;
  /** The whole body; resolves when it ended. */
  text(): Promise<string>;
  json(): Promise<JsonObject>;
  /** Goes away without waiting for the rest. */
  disconnect(): void;
}

export function startPost(url: string, post: Post): { answer: Promise<RawAnswer>; disconnect(): void } {
  const params: JsonObject = { _meta: META_KEYS, ...post.params };
  const name = params.name ?? params.uri;
  const headers: { [name: string]: string } = {};
  const wanted = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: 'Bearer key-a',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': post.method,
    'mcp-name': typeof name === 'string' ? name : undefined,
    ...post.headers,
  };
  for (const [header, value] of Object.entries(wanted)) if (value !== undefined) headers[header] = value;
  const message = { jsonrpc: '2.0', id: 'id' in post ? post.id : 1, method: post.method, params };
  const sent = httpRequest(new URL(url + (post.path ?? '')), { method: 'POST', headers, agent: false });
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      let body = '';
      let ended = false;
      const events: string[] = [];
      const waiting: (() => void)[] = [];
      const wake = (): void => {
        for (const go of waiting.splice(0)) go();
      };
      const decoder = createSseDecoder((event) => events.push(event.data), 1e7);
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (response.headers['content-type'] === 'text/event-stream') decoder.push(chunk);
        wake();
      });
      const end = (): void => {
        ended = true;
        wake();
      };
      response.on('end', end).on('close', end).on('error', end);
      const changed = (): Promise<void> => new Promise((go) => waiting.push(go));
      const text = async (): Promise<string> => {
        while (!ended) await changed();
        return body;
      };
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        async nextEvent() {
          for (;;) {
            const event = events.shift();
            if (event !== undefined) return event;
            assert.ok(!ended, 'the stream ended');
            await changed();
          }
        },
        text,
        json: async () => JSON.parse(await text()) as JsonObject,
        disconnect: () => sent.destroy(),
      });
    });
  });
  sent.end(post.body ?? JSON.stringify(message));
  return { answer, disconnect: () => sent.destroy() };
}

export function post(url: string, message: Post): Promise<RawAnswer> {
  return startPost(url, message).answer;
}

/** Resolves once `condition` holds, looked at again after each turn of the event loop; the test runner's timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
