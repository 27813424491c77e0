/**
 * Requests and their answers: ids, deadlines, cancellation, and what happens to those in flight when the connection ends.
 * Written once for all transports, which only move text. It knows nothing of eras.
 */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import type { OfferedTool } from '../../contracts/upstream.ts';
import { IdTable } from '../../lib/id-table.ts';
import type { JsonScan, JsonScanner } from '../../lib/json-scanner.ts';
import { elementTexts } from '../../lib/json-text.ts';
import { createAsks } from './asks.ts';
import { createDeadlines } from './deadlines.ts';
import { decodeMessage, encodeNotification, encodeReply, encodeRequest, type Reply } from './json-rpc.ts';
import type { ServerMessage } from './link.ts';
import { stripOwnMetaOfReply } from './own-keys.ts';
import { createRateBound } from './rate-bound.ts';
import { createRouter, type Routed } from './route-incoming.ts';
import type { Transport, TransportEvents, TransportFailure } from './transport.ts';

/** More requests than this wait on no link. */
const MAX_IN_FLIGHT = 10_000;

export interface ConversationRequest extends Routed {
  /** From `nextId()`; also the progress token. */
  readonly id: number;
  readonly method: string;
  /** With all `_meta` written. */
  readonly params: JsonText;
  readonly name?: string | undefined;
  readonly tool?: OfferedTool | undefined;
  readonly traceparent?: string | undefined;
  readonly signal: CallSignal;
  /** Undefined: as long as the signal lets it (listen streams). */
  readonly timeoutMs: number | undefined;
}

export interface ConversationOptions {
  readonly log: Log;
  /** May be shared by all conversations. */
  readonly scanner: JsonScanner;
  readonly connect: (events: TransportEvents) => Transport;
  readonly onServerMessage: (message: ServerMessage) => void;
  readonly onLost: (failure: TransportFailure) => void;
}

export interface Conversation {
  readonly transport: Transport;
  readonly inFlight: number;
  /** Set once the connection is over, whoever ended it. */
  readonly failure: TransportFailure | undefined;
  nextId(): number;
  request(request: ConversationRequest): Promise<Reply>;
  /** The same without a promise of its own; exactly one of the two is called, perhaps before it returns. */
  begin(request: ConversationRequest, onReply: (reply: Reply) => void, onError: (error: GatewayError) => void): void;
  notify(method: string, params: JsonText | undefined): Promise<void>;
  /** Declares the connection useless: no new requests; what is in flight lives on. */
  lose(failure: TransportFailure): void;
  close(): Promise<void>;
}

interface Waiting {
  readonly request: ConversationRequest;
  readonly onReply: (reply: Reply) => void;
  readonly onError: (error: GatewayError) => void;
  readonly onAbort: () => void;
  /** As `performance.now()`. */
  readonly dueMs: number;
}

const CLOSED: TransportFailure = { stage: 'transport', message: 'closed by us', transient: false };

export function createConversation(options: ConversationOptions): Conversation {
  const { log, scanner } = options;
  const waiting = new IdTable<Waiting>();
  const oddities = createRateBound(20, 60_000);
  let lastId = 0;
  let failure: TransportFailure | undefined;

  const noteOddity = (message: string, fields: { readonly [key: string]: unknown }): void => {
    const { pass, missed } = oddities.admit();
    if (pass) log.debug(message, missed > 0 ? { ...fields, missed } : fields);
  };

  const settle = (id: number, givenUp: boolean): Waiting | undefined => {
    const entry = waiting.get(id);
    if (entry === undefined) return undefined;
    waiting.delete(id);
    entry.request.signal.removeEventListener('abort', entry.onAbort);
    transport.finish(id, givenUp);
    asks.endOwner(id);
    return entry;
  };

  const giveUp = (id: number, reason: string, error: GatewayError): void => {
    const entry = waiting.get(id);
    if (entry === undefined) return;
    // The handshake may not be cancelled (2025-11-25, basic/utilities/cancellation).
    if (transport.cancelsByMessage && entry.request.method !== 'initialize' && failure === undefined) {
      const method = 'notifications/cancelled';
      const text = encodeNotification(method, JSON.stringify({ requestId: id, reason }));
      transport.send({ kind: 'notification', method, text });
    }
    settle(id, true);
    entry.onError(error);
  };

  const deadlines = createDeadlines((nowMs) => {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, { dueMs }] of waiting) {
      if (dueMs <= nowMs) giveUp(id, 'timed out', new GatewayError('upstream_timeout'));
      else nextMs = Math.min(nextMs, dueMs);
    }
    return nextMs;
  });

  const answer = (idText: JsonText, reply: PeerReply): void => {
    if (failure !== undefined) return;
    transport.send({ kind: 'response', method: 'response', text: encodeReply(idText, stripOwnMetaOfReply(reply)) });
  };
  const asks = createAsks(log, answer);

  const route = createRouter({
    inFlight: waiting,
    complete(id, reply) {
      const entry = settle(id, false);
      entry?.onReply(reply);
      return entry !== undefined;
    },
    spoil: (id) => settle(id, true)?.onError(new GatewayError('upstream_failed')),
    asks,
    answer,
    onServerMessage: options.onServerMessage,
    noteOddity,
  });

  /** Whoever is told something by a message must not be able to break the connection for all others. */
  const take = (text: JsonText, scan: JsonScan, ownStream: number | undefined): void => {
    try {
      route(decodeMessage(text, scan), ownStream);
    } catch (error) {
      log.error('a message of the server could not be handled', { error });
    }
  };

  const events: TransportEvents = {
    onMessage(text, ownStream) {
      const scan = scanner.scan(text);
      if (scan === undefined) noteOddity('the server sent something that is no JSON', { chars: text.length });
      else if (scan.kind !== 'array') take(text, scan, ownStream);
      // A batch: 2025-03-26 has them.
      else
        for (const part of elementTexts(text)) {
          const scanned = scanner.scan(part);
          if (scanned !== undefined) take(part, scanned, ownStream);
        }
    },
    isWaiting: (id) => waiting.has(id),
    onFailed(id, error) {
      settle(id, true)?.onError(error);
    },
    onLost(reason, how = {}) {
      if (failure !== undefined) return;
      failure = reason;
      if (how.sparesInFlight !== true) {
        for (const id of [...waiting.keys()]) {
          const code = how.isUnsent?.(id) === true ? 'upstream_unavailable' : 'outcome_unknown';
          settle(id, true)?.onError(new GatewayError(code, undefined, { cause: new Error(reason.message) }));
        }
        asks.endAll();
      }
      options.onLost(reason);
    },
  };
  const transport = options.connect(events);

  const begin: Conversation['begin'] = (request, onReply, onError) => {
    const { id, method, params, signal, timeoutMs, name, tool, traceparent } = request;
    if (signal.aborted) return onError(new GatewayError('cancelled'));
    if (failure !== undefined)
      return onError(new GatewayError('upstream_unavailable', undefined, { cause: new Error(failure.message) }));
    if (waiting.size >= MAX_IN_FLIGHT)
      return onError(new GatewayError('upstream_unavailable', 'too many calls are under way'));

    const onAbort = (): void => giveUp(id, 'cancelled', new GatewayError('cancelled'));
    const dueMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    waiting.set(id, { request, onReply, onError, onAbort, dueMs });
    signal.addEventListener('abort', onAbort);
    deadlines.cover(dueMs);
    transport.send({
      kind: 'request',
      id,
      method,
      text: encodeRequest(id, method, params),
      params,
      name,
      tool,
      traceparent,
    });
  };

  return {
    transport,
    get inFlight() {
      let count = waiting.size;
      for (const { request } of waiting.values()) if (request.onNotification !== undefined) count--;
      return count;
    },
    get failure() {
      return failure;
    },
    nextId: () => ++lastId,
    request: (request) => new Promise((resolve, reject) => begin(request, resolve, reject)),
    begin,
    notify(method, params) {
      return new Promise((resolve) => {
        if (failure !== undefined) return resolve();
        transport.send({ kind: 'notification', method, text: encodeNotification(method, params), onDone: resolve });
      });
    },
    lose(reason) {
      events.onLost(reason, { sparesInFlight: true });
    },
    async close() {
      failure ??= CLOSED;
      for (const id of [...waiting.keys()]) settle(id, true)?.onError(new GatewayError('outcome_unknown'));
      deadlines.stop();
      asks.endAll();
      await transport.close();
    },
  };
}
