/** One legacy session: who it belongs to, what the client declared, its streams, its calls in flight and its questions. */

import type { Endpoint, Watch, WatchEvent } from '../../../contracts/call.ts';
import type { Caller, Credential } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { LOG_LEVELS, type LogLevel, type PeerReply, type PeerSession } from '../../../contracts/peer.ts';
import { memberText } from '../../../lib/json-text.ts';
import { isObject } from '../read-message.ts';
import { type Asks, createAsks } from './asks.ts';
import { encodeNotification } from './encode.ts';
import { createOutbox, type Outbox, type ReplayBudget } from './outbox.ts';
import type { LegacyVersion } from './versions.ts';

/** What `initialize` settled. */
export interface ClientFacts {
  readonly version: LegacyVersion;
  readonly info: JsonText | undefined;
  readonly capabilities: JsonText;
}

/** `streamable`: Mcp-Session-Id on POST, GET, DELETE. `sse`: the 2024 transport, which lives as long as its stream. */
export type Door = 'streamable' | 'sse';

export interface Session {
  readonly id: string;
  readonly door: Door;
  readonly keyId: string;
  readonly endpoint: Endpoint;
  readonly outbox: Outbox;
  readonly asks: Asks;
  /** Calls under way. */
  readonly inFlight: number;
  /** As pipeline and upstreams see it. */
  readonly peer: PeerSession;
  readonly closed: boolean;
  /** Undefined until `initialize` has been answered. */
  readonly client: ClientFacts | undefined;
  readonly watch: Watch | undefined;
  /** Latest credential it was used with; it is asked again while streams are open, so that a revoked key ends them. */
  credential: Credential | undefined;
  lastUsedMs: number;
  logLevel: LogLevel | undefined;
  /** Nothing under way and no stream open: may expire, or make room for another. */
  readonly idle: boolean;
  begin(client: ClientFacts, watch: Watch): void;
  /**
   * Registers a call under its normalised request id; the signal is aborted by `cancelCall` or the session's end. Throws
   * GatewayError `invalid_request` if that id is in flight already, `too_many`, `unknown_session` if the session ended.
   */
  startCall(idKey: string): AbortSignal;
  endCall(idKey: string): void;
  /** The client's notifications/cancelled; what is not under way is ignored. */
  cancelCall(idKey: string): void;
  /** Tells the client what changed. */
  onWatchEvent(event: WatchEvent): void;
  /** True if the client declared that it answers questions of any kind. */
  readonly mayAskAnything: boolean;
  /** True if this client may be asked this. */
  mayAsk(method: string): boolean;
  /** True unless it is a log message below the level the client asked for. */
  wantsNotification(method: string, params: JsonText | undefined): boolean;
  close(): void;
}

export interface SessionOptions {
  readonly id: string;
  readonly door: Door;
  readonly caller: Caller;
  readonly endpoint: Endpoint;
  readonly credential: Credential | undefined;
  readonly budget: ReplayBudget;
  readonly now: () => number;
  readonly onClose: (session: Session) => void;
  /** The last call under way has ended. */
  readonly onQuiet: (session: Session) => void;
}

/** Calls of one session at the same time. A client that disconnects does not end its calls, so they need a bound. */
const MAX_IN_FLIGHT = 256;

/** Which declared capability permits which question; `ping` needs none, everything else may not be asked. */
const ASK_CAPABILITY: ReadonlyMap<string, string> = new Map([
  ['roots/list', 'roots'],
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
]);

export function openSession({
  id,
  door,
  caller,
  endpoint,
  now,
  onClose,
  onQuiet,
  ...options
}: SessionOptions): Session {
  const outbox = createOutbox({ resumable: door === 'streamable', budget: options.budget, now });
  const asks = createAsks();
  const inFlight = new Map<string, AbortController>();
  const closeListeners: (() => void)[] = [];
  const declared = new Set<string>();
  let closed = false;
  let client: ClientFacts | undefined;
  let watch: Watch | undefined;

  const ask = (method: string, params: JsonText | undefined, signal: AbortSignal): Promise<PeerReply> => {
    if (closed) return Promise.reject(new GatewayError('cancelled', 'the session has ended'));
    if (!session.mayAsk(method)) return Promise.reject(new GatewayError('missing_capability', method));
    return asks.ask((message) => outbox.standalone.send(message), method, params, signal);
  };

  const peer: PeerSession = {
    id,
    get closed() {
      return closed;
    },
    get logLevel() {
      return session.logLevel;
    },
    notify(method, params) {
      if (session.wantsNotification(method, params)) outbox.standalone.send(encodeNotification(method, params));
    },
    ask,
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
  };

  const session: Session = {
    id,
    door,
    keyId: caller.keyId,
    endpoint,
    outbox,
    asks,
    get inFlight() {
      return inFlight.size;
    },
    peer,
    credential: options.credential,
    lastUsedMs: now(),
    logLevel: undefined,
    get closed() {
      return closed;
    },
    get client() {
      return client;
    },
    get watch() {
      return watch;
    },
    get idle() {
      return inFlight.size === 0 && outbox.connections === 0;
    },
    begin(facts, held) {
      if (closed) held[Symbol.dispose]();
      else {
        client = facts;
        watch = held;
        for (const capability of ASK_CAPABILITY.values())
          if (isObject(JSON.parse(memberText(facts.capabilities, capability) ?? 'null'))) declared.add(capability);
      }
    },
    startCall(idKey) {
      if (closed) throw new GatewayError('unknown_session', 'it has ended');
      if (inFlight.has(idKey)) throw new GatewayError('invalid_request', 'a request with this id is in flight');
      if (inFlight.size >= MAX_IN_FLIGHT) throw new GatewayError('too_many', 'calls in this session');
      const controller = new AbortController();
      inFlight.set(idKey, controller);
      return controller.signal;
    },
    endCall(idKey) {
      inFlight.delete(idKey);
      session.lastUsedMs = now();
      if (inFlight.size === 0) onQuiet(session);
    },
    cancelCall(idKey) {
      inFlight.get(idKey)?.abort(new GatewayError('cancelled', 'by the client'));
    },
    onWatchEvent(event) {
      if (event.type === 'resource-updated')
        outbox.standalone.send(encodeNotification('notifications/resources/updated', event.params));
      // Says only "list again", so one that still waits says it all.
      else
        outbox.standalone.send(encodeNotification(`notifications/${event.list}/list_changed`, undefined), {
          once: true,
        });
    },
    get mayAskAnything() {
      return declared.size > 0;
    },
    mayAsk(method) {
      const capability = ASK_CAPABILITY.get(method);
      return capability === undefined ? method === 'ping' : declared.has(capability);
    },
    wantsNotification(method, params) {
      if (method !== 'notifications/message' || session.logLevel === undefined || params === undefined) return true;
      const level = memberText(params, 'level');
      const rank = level === undefined ? -1 : LOG_LEVELS.indexOf(JSON.parse(level) as LogLevel);
      return rank === -1 || rank >= LOG_LEVELS.indexOf(session.logLevel);
    },
    close() {
      if (closed) return;
      closed = true;
      const ended = new GatewayError('unknown_session', 'it has ended');
      for (const controller of inFlight.values()) controller.abort(ended);
      asks.failAll(new GatewayError('cancelled', 'the session has ended'));
      watch?.[Symbol.dispose]();
      outbox.close();
      onClose(session);
      for (const listener of closeListeners.splice(0)) listener();
    },
  };
  return session;
}
