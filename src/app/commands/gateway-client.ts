/** A small client of a running gateway for the CLI: health documents, and stateless MCP requests (2026-07-28). */

import { request } from 'undici';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { createSseDecoder } from '../../lib/sse.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';

/** Where the gateway is, without a trailing slash, and the key to present. */
export interface GatewayAddress {
  readonly url: string;
  readonly key: string | undefined;
}

export interface McpRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** Toolset whose endpoint is asked. Default: `/mcp`. */
  readonly toolset?: string | undefined;
  /** For `Mcp-Name`: tool name. */
  readonly name?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly signal: AbortSignal;
  /** Limit for the whole request. Default 60,000 ms. */
  readonly timeoutMs?: number;
  readonly onNotification?: (method: string, params: JsonObject) => void;
}

export type McpReply =
  | { readonly type: 'result'; readonly result: JsonObject }
  | { readonly type: 'error'; readonly code: number; readonly message: string };

const PROTOCOL_VERSION = '2026-07-28';
const MAX_BODY_CHARS = 256 * 1024 * 1024;
const CONNECT_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'EAI_AGAIN',
];

/** Header value as the protocol wants it: anything but plain visible ASCII travels as base64. */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/.test(value);
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Turns what `undici` threw into the one line a person can act on. */
export function explainFailure(error: unknown, url: string): CommandError {
  if (error instanceof CommandError) return error;
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  const inner = (error as { errors?: { code?: string }[] } | null)?.errors?.[0]?.code ?? '';
  if (CONNECT_CODES.includes(code) || CONNECT_CODES.includes(inner)) {
    return new CommandError(
      EXIT.unreachable,
      `no gateway answers at ${url} (${inner || code})`,
      'Start one with `portcullis serve`, or name its address with --url or PORTCULLIS_URL.',
    );
  }
  const name = (error as { name?: unknown } | null)?.name;
  if (name === 'TimeoutError') {
    return new CommandError(EXIT.failed, `${url} did not answer in time`, 'Allow more with --timeout.');
  }
  if (name === 'AbortError') return new CommandError(EXIT.failed, 'interrupted');
  return new CommandError(EXIT.unreachable, `talking to ${url} failed: ${messageOf(error)}`);
}

function headersFor(address: GatewayAddress): { [name: string]: string } {
  return address.key === undefined ? {} : { authorization: `Bearer ${address.key}` };
}

/** Throws for the answers that mean "your key is not accepted" or "this is no gateway". */
function refuseStatus(status: number, address: GatewayAddress, isMcp: boolean): void {
  if (status === 401 || status === 403) {
    throw new CommandError(
      EXIT.refused,
      address.key === undefined ? 'the gateway wants a key' : 'the gateway does not accept this key',
      'Pass one with --key or PORTCULLIS_KEY; `portcullis keys create` makes a new one.',
    );
  }
  if (!isMcp && status === 404) {
    throw new CommandError(EXIT.unreachable, `${address.url} answers, but is no Portcullis gateway`);
  }
}

/** GET of a JSON document such as `/ready`. Any status but 401, 403 and 404 is accepted. */
export async function getJson(
  address: GatewayAddress,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const answer = await request(`${address.url}${path}`, {
      headers: { accept: 'application/json', ...headersFor(address) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const text = await answer.body.text();
    refuseStatus(answer.statusCode, address, false);
    try {
      return { status: answer.statusCode, body: JSON.parse(text) };
    } catch {
      throw new CommandError(EXIT.unreachable, `${address.url} answers, but is no Portcullis gateway`);
    }
  } catch (error) {
    throw explainFailure(error, address.url);
  }
}

function decodeReply(message: unknown): McpReply | undefined {
  if (!isObject(message)) return undefined;
  if (isObject(message.result)) return { type: 'result', result: message.result };
  const error = message.error;
  if (!isObject(error)) return undefined;
  return { type: 'error', code: Number(error.code), message: String(error.message) };
}

/** One MCP request. Protocol errors are returned, everything below them is thrown as CommandError. */
export async function requestMcp(address: GatewayAddress, mcp: McpRequest): Promise<McpReply> {
  const url = `${address.url}/mcp${mcp.toolset === undefined ? '' : `/t/${mcp.toolset}`}`;
  const meta = isObject(mcp.params._meta) ? mcp.params._meta : {};
  const params = {
    ...mcp.params,
    _meta: {
      ...meta,
      'io.modelcontextprotocol/protocolVersion': PROTOCOL_VERSION,
      'io.modelcontextprotocol/clientInfo': { name: 'portcullis-cli', version: '0.1.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  };
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': PROTOCOL_VERSION,
        'mcp-method': mcp.method,
        ...(mcp.name === undefined ? {} : { 'mcp-name': encodeHeaderValue(mcp.name) }),
        ...headersFor(address),
        ...mcp.headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: mcp.method, params }),
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: AbortSignal.any([mcp.signal, AbortSignal.timeout(mcp.timeoutMs ?? 60_000)]),
    });
    refuseStatus(answer.statusCode, address, true);
    let reply: McpReply | undefined;
    const take = (text: string): void => {
      const message: unknown = JSON.parse(text);
      if (isObject(message) && typeof message.method === 'string') {
        mcp.onNotification?.(message.method, isObject(message.params) ? message.params : {});
      } else reply ??= decodeReply(message);
    };
    if (String(answer.headers['content-type']).startsWith('text/event-stream')) {
      const decoder = createSseDecoder((event) => event.data !== '' && take(event.data), MAX_BODY_CHARS);
      answer.body.setEncoding('utf8');
      for await (const chunk of answer.body) decoder.push(String(chunk));
    } else {
      try {
        take(await answer.body.text());
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
    if (reply) return reply;
    throw new CommandError(
      EXIT.unreachable,
      `${url} gave no MCP answer (HTTP ${answer.statusCode})`,
      'Is the address right? It is the gateway itself, without /mcp.',
    );
  } catch (error) {
    throw explainFailure(error, address.url);
  }
}
