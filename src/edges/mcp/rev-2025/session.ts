/** One legacy session: who it belongs to, what the client declared, its streams, its calls in flight and its questions. */

import type { Endpoint, Watch, WatchEvent } from '../../../contracts/call.ts';
import type { CallSignal } from '../../../contracts/call-signal.ts';
import type { Caller, Credential } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { LOG_LEVELS, type LogLevel, type PeerReply, type PeerSession } from '../../../contracts/peer.ts';
import { isObject } from '../../../lib/is-object.ts';
import { memberText } from '../../../lib/json-text.ts';
import { Cancellation } from '../../http/cancellation.ts';
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
  startCall(idKey: string): CallSignal;
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

export function openSession(options: SessionOptions): Session {
  return new LegacySession(options);
}

/** Classes, since a literal with getters would be of another shape for each session. */
class LegacySession implements Session {
  readonly id: string;
  readonly door: Door;
  readonly keyId: string;
  readonly endpoint: Endpoint;
  readonly outbox: Outbox;
  readonly asks: Asks = createAsks();
  readonly peer: PeerSession;
  credential: Credential | undefined;
  lastUsedMs: number;
  logLevel: LogLevel | undefined = undefined;
  closed = false;
  client: ClientFacts | undefined = undefined;
  watch: Watch | undefined = undefined;
  readonly closeListeners: (() => void)[] = [];
  readonly #options: SessionOptions;
  /** A list: there are few at a time, and a map that is filled and emptied all the time keeps its old tables alive. */
  readonly #calls: { readonly idKey: string; readonly cancellation: Cancellation }[] = [];
  readonly #declared = new Set<string>();

  constructor(options: SessionOptions) {
    const { id, door, caller, endpoint, credential, budget, now } = options;
    this.id = id;
    this.door = door;
    this.keyId = caller.keyId;
    this.endpoint = endpoint;
    this.outbox = createOutbox({ resumable: door === 'streamable', budget, now });
    this.peer = new StandalonePeer(this);
    this.credential = credential;
    this.lastUsedMs = now();
    this.#options = options;
  }

  get inFlight(): number {
    return this.#calls.length;
  }

  get idle(): boolean {
    return this.#calls.length === 0 && !this.outbox.isConnected();
  }

  begin(facts: ClientFacts, held: Watch): void {
    if (this.closed) {
      held[Symbol.dispose]();
      return;
    }
    this.client = facts;
    this.watch = held;
    for (const capability of ASK_CAPABILITY.values())
      if (isObject(JSON.parse(memberText(facts.capabilities, capability) ?? 'null'))) this.#declared.add(capability);
  }

  startCall(idKey: string): CallSignal {
    if (this.closed) throw new GatewayError('unknown_session', 'it has ended');
    if (this.#find(idKey) !== -1) throw new GatewayError('invalid_request', 'a request with this id is in flight');
    if (this.#calls.length >= MAX_IN_FLIGHT) throw new GatewayError('too_many', 'calls in this session');
    const cancellation = new Cancellation();
    this.#calls.push({ idKey, cancellation });
    return cancellation;
  }

  endCall(idKey: string): void {
    const at = this.#find(idKey);
    if (at !== -1) this.#calls.splice(at, 1);
    this.lastUsedMs = this.#options.now();
    if (this.#calls.length === 0) this.#options.onQuiet(this);
  }

  cancelCall(idKey: string): void {
    this.#calls[this.#find(idKey)]?.cancellation.abort(new GatewayError('cancelled', 'by the client'));
  }

  onWatchEvent(event: WatchEvent): void {
    const { standalone } = this.outbox;
    if (event.type === 'resource-updated')
      standalone.send(encodeNotification('notifications/resources/updated', event.params));
    // Says only "list again", so one that still waits says it all.
    else standalone.send(encodeNotification(`notifications/${event.list}/list_changed`, undefined), { once: true });
  }

  get mayAskAnything(): boolean {
    return this.#declared.size > 0;
  }

  mayAsk(method: string): boolean {
    const capability = ASK_CAPABILITY.get(method);
    return capability === undefined ? method === 'ping' : this.#declared.has(capability);
  }

  wantsNotification(method: string, params: JsonText | undefined): boolean {
    if (method !== 'notifications/message' || this.logLevel === undefined || params === undefined) return true;
    const level = memberText(params, 'level');
    const rank = level === undefined ? -1 : LOG_LEVELS.indexOf(JSON.parse(level) as LogLevel);
    return rank === -1 || rank >= LOG_LEVELS.indexOf(this.logLevel);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const ended = new GatewayError('unknown_session', 'it has ended');
    for (const { cancellation } of [...this.#calls]) cancellation.abort(ended);
    this.asks.failAll(new GatewayError('cancelled', 'the session has ended'));
    this.watch?.[Symbol.dispose]();
    this.outbox.close();
    this.#options.onClose(this);
    for (const listener of this.closeListeners.splice(0)) listener();
  }

  #find(idKey: string): number {
    return this.#calls.findIndex((call) => call.idKey === idKey);
  }
}

class StandalonePeer implements PeerSession {
  readonly id: string;
  readonly #session: LegacySession;

  constructor(session: LegacySession) {
    this.id = session.id;
    this.#session = session;
  }

  get closed(): boolean {
    return this.#session.closed;
  }

  get logLevel(): LogLevel | undefined {
    return this.#session.logLevel;
  }

  notify(method: string, params: JsonText | undefined): void {
    if (this.#session.wantsNotification(method, params))
      this.#session.outbox.standalone.send(encodeNotification(method, params));
  }

  ask(method: string, params: JsonText | undefined, signal: CallSignal): Promise<PeerReply> {
    const { closed, asks, outbox } = this.#session;
    if (closed) return Promise.reject(new GatewayError('cancelled', 'the session has ended'));
    if (!this.#session.mayAsk(method)) return Promise.reject(new GatewayError('missing_capability', method));
    return asks.ask((message) => outbox.standalone.send(message), method, params, signal);
  }

  onClose(listener: () => void): void {
    if (this.#session.closed) listener();
    else this.#session.closeListeners.push(listener);
  }
}
