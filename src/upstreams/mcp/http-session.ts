/** The session of a legacy streamable HTTP server: how it begins, how one sees that it is gone, and how it is ended. */

import type { IncomingHttpHeaders } from 'node:http';
import { isObject } from '../../lib/is-object.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';
import { exchangeMessages } from './http-exchange.ts';
import { parseJson } from './json-rpc.ts';

const DELETE_TIMEOUT_MS = 2_000;

/** A session id is visible ASCII (2025-11-25, basic/transports); anything else could not be sent back. */
export function readSessionId(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['mcp-session-id'];
  return typeof value === 'string' && /^[\x21-\x7e]{1,1024}$/.test(value) ? value : undefined;
}

/**
 * 404 ends a session, except as the status of a JSON-RPC "method not found". Servers built from the SDK's examples say 400
 * with -32000 and an English sentence instead (seen in server-everything 2026.8.31): also before they did anything.
 */
export function isSessionGone(
  answer: { readonly status: number; readonly text: string },
  sessionId: string | undefined,
): boolean {
  if (sessionId === undefined || (answer.status !== 404 && answer.status !== 400)) return false;
  const body = parseJson(answer.text);
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  if (answer.status === 404) return error.code !== -32601;
  const isSessionCode = error.code === -32000 || error.code === -32001;
  return isSessionCode && /session|not initialized/i.test(String(error.message ?? ''));
}

/** Tells the server that we are done. Bounded; that it did not listen is not our problem any more. */
export function deleteSession(http: HttpClient, request: HttpRequest): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const exchange = exchangeMessages(http, request, 65_536, { onEvent() {}, onEnd: done });
    timer = setTimeout(() => {
      exchange.abort();
      resolve();
    }, DELETE_TIMEOUT_MS);
  });
}
