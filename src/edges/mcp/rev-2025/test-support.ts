/** What the tests of the legacy era share: the edge on a real HTTP server, a scripted gateway behind it, raw clients before it. */

import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Call, Gateway, McpOutcome, Watch, WatchRequest } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Log } from '../../../contracts/log.ts';
import { createSseDecoder, type SseEvent } from '../../../lib/sse.ts';
import { createHttpServer } from '../../http/http-server.ts';
import { createMcpRoutes, type ModernHandler } from '../endpoint.ts';

export type Script = (call: Call) => McpOutcome | Promise<McpOutcome>;

export interface ScriptedGateway extends Gateway {
  readonly calls: Call[];
  readonly watches: { readonly request: WatchRequest; readonly watch: Watch; disposed: boolean }[];
  /** Keys that are valid; a test may revoke one by deleting it. */
  readonly keys: Set<string>;
}

export const OPENED = '{"capabilities":{"tools":{"listChanged":true},"logging":{}},"instructions":"be kind"}';

export function result(text: string): McpOutcome {
  return { type: 'result', text, isError: false };
}

/** Opens sessions by itself and leaves everything else to the script. */
export function createScriptedGateway(script: Script): ScriptedGateway {
  const gateway: ScriptedGateway = {
    calls: [],
    watches: [],
    keys: new Set(['key-a', 'key-b']),
    call(call) {
      gateway.calls.push(call);
      return call.kind === 'session.open' ? result(OPENED) : script(call);
    },
    admit: () => undefined,
    checkScope: () => {},
    identify(credential) {
      if (credential === undefined || !gateway.keys.has(credential.token)) throw new GatewayError('unauthenticated');
      return { keyId: credential.token, keyName: credential.token, grant: { allow: ['*'], deny: [] } };
    },
    serves(endpoint) {
      if (endpoint.type === 'server') return endpoint.serverId === 'one' || endpoint.serverId === 't';
      return endpoint.type === 'all' || endpoint.toolset === 'one' || endpoint.toolset === 'two';
    },
    watch(request) {
      const entry = {
        request,
        disposed: false,
        watch: {
          hold: () => Promise.resolve(),
          holdTask: () => Promise.resolve(),
          release() {},
          setLogLevel() {},
          [Symbol.dispose]() {
            entry.disposed = true;
          },
        },
      };
      gateway.watches.push(entry);
      return entry.watch;
    },
  };
  return gateway;
}

export interface TestLog extends Log {
  readonly errors: string[];
}

function createTestLog(): TestLog {
  const errors: string[] = [];
  return { errors, debug() {}, info() {}, warn() {}, error: (message) => errors.push(message) };
}

export interface TestEdge extends AsyncDisposable {
  readonly url: string;
  readonly gateway: ScriptedGateway;
  readonly log: TestLog;
  readonly limits: { maxJsonDepth: number; maxSessions: number; sessionIdleMs: number };
  /** What the clock says; tests turn it by hand. */
  readonly clock: { nowMs: number };
  /** Messages that were handed to the modern era. */
  readonly modern: string[];
  sessions(): number;
  closeAll(): Promise<void>;
}

export async function openEdge(
  script: Script = () => result('{}'),
  replacement?: ModernHandler,
  options: { readonly streamAfterMs?: number } = {},
): Promise<TestEdge> {
  const gateway = createScriptedGateway(script);
  const log = createTestLog();
  const limits = { maxJsonDepth: 20, maxSessions: 100, sessionIdleMs: 60_000 };
  const clock = { nowMs: 1_000_000 };
  const seen: string[] = [];
  const modern: ModernHandler = {
    handle(exchange, _endpoint, message) {
      seen.push(message.text);
      exchange.sendJson(200, '{"modern":true}');
      return Promise.resolve();
    },
  };
  let ids = 0;
  const mcp = createMcpRoutes({
    gateway,
    modern: replacement ?? modern,
    log,
    identity: { name: 'portcullis', version: '0.0.0' },
    limits: () => limits,
    now: () => clock.nowMs,
    newId: () => `call-${++ids}`,
    ...options,
  });
  const http = createHttpServer({
    routes: mcp.routes,
    log,
    limits: { maxBodyBytes: 100_000 },
    allowed: () => ({ hosts: [], origins: [] }),
  });
  const { url } = await http.listen('127.0.0.1', 0);
  return {
    url,
    gateway,
    log,
    limits,
    clock,
    modern: seen,
    sessions: mcp.sessions,
    closeAll: mcp.closeAll,
    async [Symbol.asyncDispose]() {
      await http.close(0);
      await mcp.closeAll();
    },
  };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly json: any;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string | readonly string[] | undefined };
  readonly body?: string | Buffer;
}

const BOTH = 'application/json, text/event-stream';

/** Sends with a key, JSON and both Accept types, unless the test says otherwise (undefined leaves a header out). */
export function begin(url: string, { method = 'POST', headers = {}, body }: RawRequest): Promise<IncomingMessage> {
  const all: { [name: string]: string | readonly string[] | undefined } = {
    authorization: 'Bearer key-a',
    accept: BOTH,
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...headers,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: given as { [name: string]: string }, agent: false });
    request.on('response', resolve).on('error', reject);
    request.end(body);
  });
}

export async function send(url: string, raw: RawRequest): Promise<RawAnswer> {
  const response = await begin(url, raw);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {}
  return { status: response.statusCode ?? 0, headers: response.headers, text, json };
}

/** A stream being read: events one at a time, and how it ended. */
export interface SseReader {
  readonly response: IncomingMessage;
  /** The next event, or undefined once the server ended the stream. */
  next(): Promise<SseEvent | undefined>;
  /** Goes away without a word. */
  drop(): void;
}

export function readSse(response: IncomingMessage): SseReader {
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const events: SseEvent[] = [];
  let wake: (() => void) | undefined;
  let over = false;
  const decoder = createSseDecoder((event) => events.push(event), 1e7);
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    decoder.push(text);
    wake?.();
  });
  const onOver = (): void => {
    over = true;
    wake?.();
  };
  response.on('end', onOver).on('error', onOver).on('close', onOver);
  return {
    response,
    async next() {
      while (events.length === 0 && !over)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return events.shift();
    },
    drop: () => response.destroy(),
  };
}

/** The message in an event. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
export function messageOf(event: SseEvent | undefined): any {
  assert.ok(event !== undefined, 'the stream ended instead');
  return JSON.parse(event.data);
}

export interface TestSession {
  readonly id: string;
  readonly initialized: RawAnswer;
  headers(more?: RawRequest['headers']): NonNullable<RawRequest['headers']>;
  post(message: unknown, headers?: RawRequest['headers']): Promise<RawAnswer>;
  /** Posts and expects an event stream. */
  stream(message: unknown): Promise<SseReader>;
  get(headers?: RawRequest['headers']): Promise<SseReader>;
}

export async function openTestSession(
  edge: TestEdge,
  options: { version?: string; capabilities?: object; path?: string; key?: string } = {},
): Promise<TestSession> {
  const url = `${edge.url}${options.path ?? '/mcp'}`;
  const version = options.version ?? '2025-11-25';
  const authorization = `Bearer ${options.key ?? 'key-a'}`;
  const params = {
    protocolVersion: version,
    capabilities: options.capabilities ?? {},
    clientInfo: { name: 't', version: '1' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const initialized = await send(url, { headers: { authorization }, body });
  const id = initialized.headers['mcp-session-id'];
  assert.equal(typeof id, 'string', initialized.text);
  const headers: TestSession['headers'] = (more) => ({
    authorization,
    'mcp-session-id': String(id),
    'mcp-protocol-version': version,
    ...more,
  });
  const encode = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message));
  return {
    id: String(id),
    initialized,
    headers,
    post: (message, more) => send(url, { headers: headers(more), body: encode(message) }),
    stream: async (message) => readSse(await begin(url, { headers: headers(), body: encode(message) })),
    get: async (more) =>
      readSse(await begin(url, { method: 'GET', headers: headers({ accept: 'text/event-stream', ...more }) })),
  };
}

export function request(id: unknown, method: string, params?: object): object {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
}

/** A promise and its resolver. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}
