/** The bridge's HTTP side: posts messages to the gateway, opens its streams, and hands out what arrives as texts. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { backoffMs } from '../../../lib/backoff.ts';
import { createSseDecoder, type SseEvent } from '../../../lib/sse.ts';

/** One arrived message, and what is needed to resume its stream after it. */
export interface Arrival {
  /** Empty for an event that only carries an id. */
  readonly text: string;
  readonly eventId: string | undefined;
  readonly retryMs: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly sessionId: string | undefined;
  /** To be read to its end; throws where the connection broke. */
  readonly arrivals: AsyncIterable<Arrival>;
}

export type Headers = { readonly [name: string]: string };

export interface HttpFace {
  post(body: string, headers: Headers, signal: AbortSignal): Promise<Answer>;
  /** GET of the standalone or resumed stream. */
  openStream(headers: Headers, signal: AbortSignal): Promise<Answer>;
  /** DELETE of a session, best effort, at most two seconds. */
  endSession(headers: Headers): Promise<void>;
  close(): Promise<void>;
}

/** Larger messages are refused; same order as the gateway's own bound. */
export const MAX_MESSAGE_CHARS = 64 * 1024 * 1024;
/** A call may take as long as the gateway lets it (5 minutes unless configured); this is the bridge's own limit. */
const HEADERS_TIMEOUT_MS = 3_600_000;
/** The gateway writes a keep-alive every 15 s. */
const SILENCE_TIMEOUT_MS = 90_000;
/** A gateway that restarts is waited for this long. */
const CONNECT_PATIENCE_MS = 15_000;
const RETRY = { firstMs: 100, maxMs: 2_000 };

/** True if the request certainly never left: nobody listened. */
function wasRefused(error: unknown): boolean {
  const codes = [error, ...((error as { errors?: unknown[] }).errors ?? [])].map((e) => (e as { code?: unknown }).code);
  return codes.includes('ECONNREFUSED') || codes.includes('UND_ERR_CONNECT_TIMEOUT');
}

async function* readArrivals(answer: Dispatcher.ResponseData): AsyncGenerator<Arrival> {
  answer.body.setEncoding('utf8');
  if (!String(answer.headers['content-type']).startsWith('text/event-stream')) {
    let text = '';
    for await (const chunk of answer.body) {
      text += String(chunk);
      if (text.length > MAX_MESSAGE_CHARS) throw new Error('the answer is too large');
    }
    if (text.trim() !== '') yield { text, eventId: undefined, retryMs: undefined };
    return;
  }
  let ready: SseEvent[] = [];
  const decoder = createSseDecoder((event) => ready.push(event), MAX_MESSAGE_CHARS);
  for await (const chunk of answer.body) {
    decoder.push(String(chunk));
    const events = ready;
    ready = [];
    for (const event of events) yield { text: event.data, eventId: event.id, retryMs: event.retryMs };
  }
}

/** `mcpUrl` is the whole endpoint; `key` goes out as a bearer token. */
export function createHttpFace(options: { mcpUrl: string; key: string | undefined }): HttpFace {
  const agent = new Agent({
    connect: { timeout: 10_000 },
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
    keepAliveTimeout: 4_000,
  });
  const base: Headers = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };

  const send = async (method: 'GET' | 'POST', headers: Headers, body: string | undefined, signal: AbortSignal) => {
    const patience = performance.now() + CONNECT_PATIENCE_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await request(options.mcpUrl, {
          dispatcher: agent,
          method,
          headers: { ...base, ...headers },
          body: body ?? null,
          signal,
        });
        const session = answer.headers['mcp-session-id'];
        return {
          status: answer.statusCode,
          sessionId: typeof session === 'string' ? session : undefined,
          arrivals: readArrivals(answer),
        };
      } catch (error) {
        if (!wasRefused(error) || performance.now() > patience) throw error;
        await sleep(backoffMs(attempt, RETRY, Math.random), undefined, { signal });
      }
    }
  };

  return {
    post: (body, headers, signal) =>
      send(
        'POST',
        { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body,
        signal,
      ),
    openStream: (headers, signal) => send('GET', { accept: 'text/event-stream', ...headers }, undefined, signal),
    async endSession(headers) {
      try {
        const answer = await request(options.mcpUrl, {
          dispatcher: agent,
          method: 'DELETE',
          headers: { ...base, ...headers },
          signal: AbortSignal.timeout(2_000),
        });
        await answer.body.dump();
      } catch {
        // The gateway ends idle sessions itself.
      }
    },
    close: () => agent.destroy(),
  };
}
