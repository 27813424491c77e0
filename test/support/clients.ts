/** Real MCP clients, each behind the same few words: SDK v1 and v2, MCP Inspector's CLI, mcp-remote. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Client as ClientV2, StreamableHTTPClientTransport as StreamableV2 } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { ROOT } from './gateway.ts';
import type { StdioEntry } from './real-servers.ts';

export type Definition = { readonly name: string } & { readonly [field: string]: unknown };
/** What a call came to: a result as received, or the JSON-RPC error. */
export type Answer =
  | { readonly result: { readonly [field: string]: unknown } }
  | { readonly error: { readonly code: number | undefined; readonly message: string } };

/** A definition as clients of 2026-07-28 get it: `execution.taskSupport` belongs to 2025-11-25 alone. */
export function asModern({ execution, ...tool }: Definition): Definition {
  const { taskSupport, ...rest } = (execution ?? {}) as { readonly [field: string]: unknown };
  return Object.keys(rest).length > 0 ? { ...tool, execution: rest } : tool;
}

export interface McpClient {
  listTools(): Promise<readonly Definition[]>;
  callTool(name: string, args: object): Promise<Answer>;
  close(): Promise<void>;
}

/** A client that sends whatever it is told to. */
export interface SdkClient extends McpClient {
  /** Every item of a list, page by page; `member` is the list's name in the result. Empty where there is no such list. */
  listAll(method: string, member: string): Promise<readonly Definition[]>;
  send(method: string, params: object): Promise<{ readonly [field: string]: unknown }>;
}

/** Where a client connects to. */
export interface Target {
  /** `/mcp` or `/sse`. */
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** A folder a client may write its own state to. */
  readonly home: string;
}

export type ConnectClient = (target: Target) => Promise<McpClient>;
export type ConnectSdkClient = (target: Target) => Promise<SdkClient>;

const METHOD_NOT_FOUND = -32601;
const IDENTITY = { name: 'portcullis-test', version: '1.0.0' };
/** Keeps every field, so that what arrives can be compared with what was sent. */
const ANYTHING = z.looseObject({});

function encodeError(error: unknown): Answer {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { error: { code: typeof code === 'number' ? code : undefined, message: String(message) } };
}

type Send = (method: string, params: object) => Promise<{ [field: string]: unknown }>;

function createClient(send: Send, close: () => Promise<void>): SdkClient {
  const listPages = async (method: string, member: string): Promise<Definition[]> => {
    const items: Definition[] = [];
    let cursor: string | undefined;
    do {
      const page = await send(method, cursor === undefined ? {} : { cursor });
      items.push(...(page[member] as Definition[]));
      cursor = page.nextCursor as string | undefined;
    } while (cursor !== undefined);
    return items;
  };
  return {
    send,
    listTools: () => listPages('tools/list', 'tools'),
    async listAll(method, member) {
      try {
        return await listPages(method, member);
      } catch (error) {
        if ((error as { code?: unknown }).code === METHOD_NOT_FOUND) return [];
        throw error;
      }
    },
    async callTool(name, args) {
      try {
        return { result: await send('tools/call', { name, arguments: args }) };
      } catch (error) {
        return encodeError(error);
      }
    },
    close,
  };
}

async function connectV1(transport: Parameters<Client['connect']>[0]): Promise<SdkClient> {
  const client = new Client(IDENTITY);
  await client.connect(transport);
  return createClient(
    (method, params) => client.request({ method, params } as never, ResultSchema) as ReturnType<Send>,
    () => client.close(),
  );
}

/** SDK v1 on a stdio server of its own: the yardstick the others are compared with. */
export function connectStdio(entry: StdioEntry): Promise<SdkClient> {
  return connectV1(
    new StdioClientTransport({
      command: entry.command,
      args: [...entry.args],
      env: { ...(process.env as { [name: string]: string }), ...entry.env },
      stderr: 'ignore',
    }),
  );
}

export const connectStreamableV1: ConnectSdkClient = ({ url, headers }) =>
  connectV1(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as Parameters<Client['connect']>[0],
  );

export const connectSseV1: ConnectClient = ({ url, headers }) =>
  connectV1(new SSEClientTransport(new URL(url), { requestInit: { headers } }));

/** SDK v2 over streamable HTTP; the mode says which era it tries. */
export function connectV2(mode: 'legacy' | 'auto' | { readonly pin: string }): ConnectSdkClient {
  return async ({ url, headers }) => {
    const client = new ClientV2(IDENTITY, { versionNegotiation: { mode } });
    await client.connect(new StreamableV2(new URL(url), { requestInit: { headers } }));
    return createClient(
      (method, params) => client.request({ method, params: { ...params } }, ANYTHING),
      () => client.close(),
    );
  };
}

/** mcp-remote as the stdio bridge, driven by SDK v1. */
export const connectMcpRemote: ConnectClient = ({ url, headers, home }) =>
  connectStdio({
    command: process.execPath,
    args: [
      join(ROOT, 'node_modules/mcp-remote/dist/proxy.js'),
      url,
      ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
      '--allow-http',
      '--transport',
      'http-only',
    ],
    env: { HOME: home, MCP_REMOTE_CONFIG_DIR: join(home, 'mcp-auth') },
  });

/** MCP Inspector's CLI: one process per request. */
export function createInspector(era: 'legacy' | 'auto' | 'modern'): ConnectClient {
  return async ({ url, headers, home }) => {
    const run = (args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
      new Promise((resolve) => {
        const header = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
        execFile(
          process.execPath,
          [
            join(ROOT, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js'),
            '--cli',
            '--server-url',
            url,
            '--transport',
            'http',
            ...header,
            '--protocol-era',
            era,
            '--stored-auth-only',
            '--quiet',
            '--format',
            'json',
            ...args,
          ],
          {
            env: { ...process.env, HOME: home, MCP_CATALOG_PATH: join(home, 'catalog.json') },
            timeout: 30_000,
            maxBuffer: 64 * 1024 * 1024,
          },
          (_error, stdout, stderr) => resolve({ stdout, stderr }),
        );
      });
    return {
      async listTools() {
        const { stdout, stderr } = await run(['--method', 'tools/list']);
        if (stdout === '') throw new Error(`inspector listed nothing: ${stderr}`);
        return (JSON.parse(stdout) as { result: { tools: Definition[] } }).result.tools;
      },
      async callTool(name, args) {
        const json = JSON.stringify(args);
        const { stdout, stderr } = await run(['--method', 'tools/call', '--tool-name', name, '--tool-args-json', json]);
        if (stdout !== '') return JSON.parse(stdout) as Answer;
        return { error: { code: undefined, message: stderr } };
      },
      async close() {},
    };
  };
}
