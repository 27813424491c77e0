/**
 * Session messages (2024-11-05 to 2025-11-25) through the bridge: one HTTP session for the life of the client, its GET
 * stream kept open, streams resumed where they broke, and the session made anew when the gateway lost it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../../contracts/json.ts';
import { backoffMs } from '../../../lib/backoff.ts';
import { isObject } from '../../../lib/is-object.ts';
import { messageOf } from '../command-error.ts';
import type { Answer, Headers, HttpFace } from './http-face.ts';
import { errorCodeOf, errorText, idKey, type Message, parseMessage } from './message.ts';

export interface LegacySide {
  /** Sends one message and writes everything that comes back. Never rejects. */
  send(message: Message): Promise<void>;
  /** Ends the session. */
  close(): Promise<void>;
  readonly pending: number;
}

interface Session {
  readonly id: string;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly ended: AbortController;
}

const UNKNOWN_SESSION = -31405;
const RECONNECT = { firstMs: 500, maxMs: 30_000 };
const MAX_RESUMES = 5;

const headersOf = (session: Session | undefined): Headers =>
  session === undefined ? {} : { 'mcp-session-id': session.id, 'mcp-protocol-version': session.protocolVersion };

export function createLegacySide(deps: {
  readonly face: HttpFace;
  readonly write: (text: string) => Promise<void>;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}): LegacySide {
  const { face, write, note, signal } = deps;
  let session: Session | undefined;
  /** The client's own `initialize`, to be said again to a gateway that forgot us. */
  let initialize: Message | undefined;
  let renewing: Promise<void> | undefined;
  /** What a new session has to be told again: subscribed URIs and the log level, as the client sent them. */
  const restore = new Map<string, Message>();
  /** Requests under way, and whether the client gave up on them. */
  const running = new Map<string, { isCancelled: boolean }>();
  let pending = 0;
  let ownIds = 0;

  const remember = (message: Message): void => {
    const uri = String(message.params.uri);
    if (message.method === 'logging/setLevel') restore.set('logging/setLevel', message);
    else if (message.method === 'resources/subscribe') restore.set(`uri ${uri}`, message);
    else if (message.method === 'resources/unsubscribe') restore.delete(`uri ${uri}`);
  };

  const adopt = (answer: Answer, initializeResult: unknown): Session | undefined => {
    const result = isObject(initializeResult) ? initializeResult : {};
    session?.ended.abort();
    session =
      answer.sessionId === undefined
        ? undefined
        : {
            id: answer.sessionId,
            protocolVersion: String(result.protocolVersion ?? ''),
            capabilities: isObject(result.capabilities) ? result.capabilities : {},
            ended: new AbortController(),
          };
    return session;
  };

  /** Reads an answer to its end, writing what the client is to see; returns whether the request was answered. */
  const relay = async (answer: Answer, request: Message, used: Session | undefined): Promise<boolean> => {
    let lastEventId: string | undefined;
    let retryMs: number | undefined;
    let isAnswered = false;
    let current = answer;
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const arrival of current.arrivals) {
          lastEventId = arrival.eventId ?? lastEventId;
          retryMs = arrival.retryMs ?? retryMs;
          const message = arrival.text === '' ? undefined : parseMessage(arrival.text);
          if (message === undefined) continue;
          if (message.kind === 'response' && message.id === undefined) {
            await write(JSON.stringify({ ...(JSON.parse(arrival.text) as JsonObject), id: request.id }));
            isAnswered = true;
            continue;
          }
          if (request.method === 'initialize' && message.kind === 'response') {
            adopt(current, (JSON.parse(arrival.text) as JsonObject).result);
          }
          await write(arrival.text);
          isAnswered ||= message.kind === 'batch' || (message.kind === 'response' && message.id === request.id);
        }
      } catch (error) {
        if (isAnswered) return true;
        if (lastEventId === undefined || signal.aborted) throw error;
      }
      if (isAnswered) return true;
      if (lastEventId === undefined || used === undefined || resumes >= MAX_RESUMES) return false;
      await sleep(retryMs ?? backoffMs(resumes, RECONNECT, Math.random), undefined, { signal });
      current = await face.openStream({ ...headersOf(used), 'last-event-id': lastEventId }, signal);
      if (current.status !== 200) return false;
    }
  };

  /** A 404 means the session is gone, unless it is the answer to this very request. Returns that answer's text, if so. */
  const readNotFound = async (answer: Answer): Promise<{ readonly isLost: boolean; readonly text: string }> => {
    let text = '';
    for await (const arrival of answer.arrivals) text ||= arrival.text;
    const code = errorCodeOf(parseMessage(text));
    return { isLost: code === undefined || code === UNKNOWN_SESSION || code === -32001, text };
  };

  /** A request of the bridge's own; the answer goes to nobody. Returns its result. */
  const ask = async (message: Message, used: Session | undefined) => {
    const id = `portcullis-bridge-${++ownIds}`;
    const text = JSON.stringify({ ...(JSON.parse(message.text) as JsonObject), id });
    const answer = await face.post(text, headersOf(used), signal);
    let result: unknown;
    for await (const arrival of answer.arrivals) {
      if (arrival.text === '') continue;
      const arrived = JSON.parse(arrival.text) as JsonObject;
      if (arrived.id === id) {
        result = arrived.result;
        break;
      }
    }
    return { answer, result };
  };

  const renew = async (lost: Session | undefined): Promise<void> => {
    if (initialize === undefined || session !== lost) return;
    renewing ??= (async () => {
      note('the gateway lost our session; starting a new one');
      const { answer, result } = await ask(initialize, undefined);
      if (result === undefined) throw new Error(`the gateway refused a new session (HTTP ${answer.status})`);
      const fresh = adopt(answer, result);
      const ready = await face.post('{"jsonrpc":"2.0","method":"notifications/initialized"}', headersOf(fresh), signal);
      for await (const _ of ready.arrivals);
      for (const message of restore.values()) await ask(message, fresh);
      void keepStream(fresh);
      for (const list of ['tools', 'prompts', 'resources']) {
        const capability = fresh?.capabilities[list];
        if (isObject(capability) && capability.listChanged === true) {
          await write(`{"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}`);
        }
      }
    })().finally(() => {
      renewing = undefined;
    });
    await renewing;
  };

  /** Keeps the standalone GET stream open as long as its session lives. */
  const keepStream = async (mine: Session | undefined): Promise<void> => {
    if (mine === undefined) return;
    const until = AbortSignal.any([signal, mine.ended.signal]);
    let lastEventId: string | undefined;
    for (let failures = 0; !until.aborted; ) {
      let waitMs: number | undefined;
      try {
        const resume: Headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
        const answer = await face.openStream({ ...headersOf(mine), ...resume }, until);
        if (answer.status === 404) {
          if ((await readNotFound(answer)).isLost) await renew(mine);
          return;
        }
        if (answer.status !== 200) {
          for await (const _ of answer.arrivals);
          return;
        }
        failures = 0;
        for await (const arrival of answer.arrivals) {
          lastEventId = arrival.eventId ?? lastEventId;
          waitMs = arrival.retryMs ?? waitMs;
          if (arrival.text !== '' && parseMessage(arrival.text)) await write(arrival.text);
        }
      } catch {
        // Broken or refused: again, less and less often.
      }
      waitMs ??= backoffMs(failures++, RECONNECT, Math.random);
      await sleep(waitMs, undefined, { signal: until }).catch(() => undefined);
    }
  };

  const attempt = async (message: Message, mayRenew: boolean): Promise<void> => {
    await renewing;
    const used = message.method === 'initialize' ? undefined : session;
    const answer = await face.post(message.text, headersOf(used), signal);
    if (answer.status === 404 && used !== undefined) {
      const { isLost, text } = await readNotFound(answer);
      if (isLost && mayRenew && initialize !== undefined) {
        await renew(used);
        // Answers and cancellations belonged to the lost session.
        if (message.kind === 'request' || message.kind === 'batch') return attempt(message, false);
        return;
      }
      if (message.kind === 'request') await write(text || errorText(message.id, -32603, 'Session not found'));
      return;
    }
    if (message.kind === 'request' || message.kind === 'batch') {
      const isAnswered = await relay(answer, message, used);
      const expectsNone = message.kind === 'batch' && answer.status === 202;
      if (!isAnswered && !expectsNone && !running.get(idKey(message.id))?.isCancelled) {
        throw new Error(`the gateway gave no answer (HTTP ${answer.status})`);
      }
      return;
    }
    for await (const _ of answer.arrivals);
    if (answer.status >= 400) note(`${message.method || 'an answer'} was not accepted (HTTP ${answer.status})`);
  };

  return {
    get pending() {
      return pending;
    },
    async send(message) {
      if (message.method === 'initialize') {
        initialize = message;
        restore.clear();
      }
      remember(message);
      if (message.method === 'notifications/cancelled') {
        const id = message.params.requestId;
        const request = typeof id === 'string' || typeof id === 'number' ? running.get(idKey(id)) : undefined;
        if (request) request.isCancelled = true;
      }
      pending++;
      if (message.kind === 'request') running.set(idKey(message.id), { isCancelled: false });
      try {
        await attempt(message, true);
        if (message.method === 'notifications/initialized') void keepStream(session);
      } catch (error) {
        const text = `Portcullis bridge: ${messageOf(error)}`;
        if (signal.aborted) return;
        if (message.kind === 'request') await write(errorText(message.id, -32603, text));
        else note(text);
      } finally {
        pending--;
        if (message.kind === 'request') running.delete(idKey(message.id));
      }
    },
    async close() {
      const last = session;
      session = undefined;
      last?.ended.abort();
      if (last !== undefined) await face.endSession(headersOf(last));
    },
  };
}
