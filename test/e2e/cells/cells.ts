/** The four cells for tests: one gateway before the same server in both eras, and clients of both eras that answer questions. */

import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { ROOT, type StartedGateway, startGateway } from '../../support/gateway.ts';
import { type RawAnswer, sendModern } from '../../support/raw-client.ts';
import { startProcess } from '../../support/start-process.ts';
import type { Cleanup } from '../../support/temp-dir.ts';

export type Era = 'legacy' | 'modern';
export type Json = Record<string, unknown>;

/** Both keys may use everything. */
export const KEYS = ['pck_cells_first_0123456789abcdef', 'pck_cells_second_0123456789abcde'] as const;

/** `cell` is how requirements name it. */
export const CELLS: readonly { readonly client: Era; readonly upstream: Era; readonly cell: string }[] = (
  ['legacy', 'modern'] as const
).flatMap((client) =>
  (['legacy', 'modern'] as const).map((upstream) => ({ client, upstream, cell: `${client}→${upstream}` })),
);

/** Everything that can be asked. */
export const ABLE = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

export interface Cells extends StartedGateway {
  readonly config: Json;
}

export async function startCells(cleanup: Cleanup, limits: object = {}): Promise<Cells> {
  const servers: Json = {};
  for (const era of ['legacy', 'modern'] as const) {
    const { readyLine } = await startProcess(cleanup, {
      command: process.execPath,
      args: [join(ROOT, 'test/conformance/fixture-server.ts'), '--era', era],
    });
    servers[era] = { type: 'http', url: (JSON.parse(readyLine) as { url: string }).url };
  }
  const keys = KEYS.map((value, at) => ({ name: `k${at}`, value, allow: ['*'] }));
  return startCellsAgain(cleanup, { mcpServers: servers, limits, keys });
}

/** A gateway before the servers of another. */
export async function startCellsAgain(cleanup: Cleanup, config: Json, dataDir?: string): Promise<Cells> {
  const gateway = await startGateway(cleanup, { config, ...(dataDir === undefined ? {} : { dataDir }) });
  await gateway.healthy('legacy', 'modern');
  return { ...gateway, config };
}

/** How this client's user answers, by method. */
export type Answers = { readonly [method: string]: (params: Json) => Json };

export const WILLING: Answers = {
  'elicitation/create': () => ({ action: 'accept', content: { name: 'Ada', ok: true } }),
  'sampling/createMessage': () => ({ role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm' }),
  'roots/list': () => ({ roots: [{ uri: 'file:///tmp', name: 'tmp' }] }),
};

export interface CallOptions {
  readonly answers?: Answers;
  readonly capabilities?: object;
  readonly onProgress?: (progress: number) => void;
}

export interface Called {
  readonly result: Json | undefined;
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined;
  /** Questions the user saw. */
  readonly asked: readonly { readonly method: string; readonly params: Json }[];
}

/** One request of a client of that era, its questions answered until there is a result. */
export function request(
  gateway: StartedGateway,
  era: Era,
  path: string,
  method: string,
  params: Json,
  options: CallOptions = {},
): Promise<Called> {
  return (era === 'legacy' ? requestLegacy : requestModern)(`${gateway.mcpUrl}/${path}`, method, params, options);
}

async function requestModern(url: string, method: string, params: Json, options: CallOptions): Promise<Called> {
  const asked: { method: string; params: Json }[] = [];
  let round: Json = {};
  for (;;) {
    const { result, error } = await sendModern({
      url,
      key: KEYS[0],
      method,
      params: { ...params, ...round },
      capabilities: options.capabilities ?? ABLE,
      ...(options.onProgress === undefined ? {} : { meta: { progressToken: 'p' } }),
      onNotification(message) {
        if (message.method === 'notifications/progress') options.onProgress?.(Number(message.params.progress));
      },
    });
    if (result?.resultType !== 'input_required') return { result, error, asked };
    const responses: Json = {};
    for (const [key, question] of Object.entries((result.inputRequests ?? {}) as { [key: string]: Json })) {
      const seen = { method: String(question.method), params: (question.params ?? {}) as Json };
      asked.push(seen);
      responses[key] = (options.answers ?? WILLING)[seen.method]?.(seen.params);
    }
    round = {
      inputResponses: responses,
      ...(result.requestState === undefined ? {} : { requestState: result.requestState }),
    };
  }
}

/** A connected client of the legacy era that answers as it is told. */
export async function connectLegacy(
  url: string,
  options: CallOptions & { readonly key?: string } = {},
): Promise<{ client: Client; asked: { method: string; params: Json }[] }> {
  const capabilities = (options.capabilities ?? ABLE) as Json;
  const client = new Client({ name: 'cells', version: '1' }, { capabilities });
  const asked: { method: string; params: Json }[] = [];
  const answer = ({ method, params }: { method: string; params?: unknown }): never => {
    asked.push({ method, params: (params ?? {}) as Json });
    return (options.answers ?? WILLING)[method]?.((params ?? {}) as Json) as never;
  };
  if (capabilities.elicitation !== undefined) client.setRequestHandler(ElicitRequestSchema, answer);
  if (capabilities.sampling !== undefined) client.setRequestHandler(CreateMessageRequestSchema, answer);
  if (capabilities.roots !== undefined) client.setRequestHandler(ListRootsRequestSchema, answer);
  const headers = { authorization: `Bearer ${options.key ?? KEYS[0]}` };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return { client, asked };
}

async function requestLegacy(url: string, method: string, params: Json, options: CallOptions): Promise<Called> {
  const { client, asked } = await connectLegacy(url, options);
  try {
    const { onProgress } = options;
    const result = await client.request({ method, params } as never, ResultSchema, {
      ...(onProgress === undefined ? {} : { onprogress: ({ progress }: { progress: number }) => onProgress(progress) }),
    });
    return { result: result as Json, error: undefined, asked };
  } catch (error) {
    const { code, message, data } = error as { code: number; message: string; data?: unknown };
    return { result: undefined, error: { code, message, data }, asked };
  } finally {
    await client.close();
  }
}

/** One leg of a modern call, as it is. */
export function leg(
  gateway: StartedGateway,
  path: string,
  params: Json,
  options: { readonly key?: string; readonly capabilities?: object; readonly signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  return sendModern({
    url: `${gateway.mcpUrl}/${path}`,
    key: options.key ?? KEYS[0],
    method: 'tools/call',
    params,
    capabilities: options.capabilities ?? ABLE,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

export function textOf(called: { readonly result: unknown }): string {
  const { content } = (called.result ?? {}) as { content?: { text?: string }[] };
  return content?.[0]?.text ?? '';
}
