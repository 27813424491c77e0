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
  /** Drops finished streams that nobody fetched. */
  sweep(nowMs: number): void;
  begin(client: ClientFacts, watch: Watch): void;
  /**
   * Registers a call under its normalised request id; the signal is aborted by `cancelCall` or the session's end. Throws
   * GatewayError `invalid_request` if that id is in flight already, `too_many`, `unknown_session` if the session ended.
   */
  startCall(idKey: string): CallSignal;
  endCall(idKey: string): void;
  /** The client's notifications/cancelled; what is not under way is ignored. */
  cancelCall(idKey: string): void;
  /** The client's notifications/roots/list_changed. */
  rootsChanged(): void;
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

/** What all sessions share. */
export interface SessionDeps {
  readonly budget: ReplayBudget;
  readonly now: () => number;
  readonly onClose: (session: Session) => void;
  /** The last call under way has ended. */
  readonly onQuiet: (session: Session) => void;
}

export interface SessionOptions {
  readonly id: string;
  readonly door: Door;
  readonly caller: Caller;
  readonly endpoint: Endpoint;
  readonly credential: Credential | undefined;
}

/** Calls of one session at the same time. A client that disconnects does not end its calls, so they need a bound. */
const MAX_IN_FLIGHT = 256;

/** Which declared capability permits which question; `ping` needs none, everything else may not be asked. */
const ASK_CAPABILITY: ReadonlyMap<string, string> = new Map([
  ['roots/list', 'roots'],
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
]);

/** "List again", in the words of the wire; one text for all sessions that have to be told. */
const LIST_CHANGED = {
  tools: encodeNotification('notifications/tools/list_changed', undefined),
  prompts: encodeNotification('notifications/prompts/list_changed', undefined),
  resources: encodeNotification('notifications/resources/list_changed', undefined),
} as const;

const NOTHING: readonly string[] = Object.freeze([]);

export function openSession(deps: SessionDeps, options: SessionOptions): Session {
  return new LegacySession(deps, options);
}

interface RunningCall {
  readonly idKey: string;
  readonly cancellation: Cancellation;
}

/**
 * There are thousands of sessions and most only ever call: a class, since a literal with getters would be of another
 * shape for each; its own peer; and what streams, questions and calls need is made when the first of them comes.
 */
class LegacySession implements Session, PeerSession {
  readonly id: string;
  readonly door: Door;
  readonly keyId: string;
  readonly endpoint: Endpoint;
  credential: Credential | undefined;
  lastUsedMs: number;
  logLevel: LogLevel | undefined = undefined;
  closed = false;
  client: ClientFacts | undefined = undefined;
  watch: Watch | undefined = undefined;
  readonly #deps: SessionDeps;
  /** A list: there are few at a time, and a map that is filled and emptied all the time keeps its old tables alive. */
  #calls: RunningCall[] | undefined = undefined;
  #declared = NOTHING;
  #outbox: Outbox | undefined = undefined;
  #asks: Asks | undefined = undefined;
  #closeListeners: (() => void)[] | undefined = undefined;
  #rootsListeners: Set<() => void> | undefined = undefined;

  constructor(deps: SessionDeps, { id, door, caller, endpoint, credential }: SessionOptions) {
    this.id = id;
    this.door = door;
    this.keyId = caller.keyId;
    this.endpoint = endpoint;
    this.credential = credential;
    this.lastUsedMs = deps.now();
    this.#deps = deps;
  }

  get peer(): PeerSession {
    return this;
  }

  get outbox(): Outbox {
    if (this.#outbox === undefined) {
      const { budget, now } = this.#deps;
      this.#outbox = createOutbox({ resumable: this.door === 'streamable', budget, now });
      if (this.closed) this.#outbox.close();
    }
    return this.#outbox;
  }

  get asks(): Asks {
    this.#asks ??= createAsks();
    return this.#asks;
  }

  get inFlight(): number {
    return this.#calls?.length ?? 0;
  }

  get idle(): boolean {
    return this.inFlight === 0 && this.#outbox?.isConnected() !== true;
  }

  begin(facts: ClientFacts, held: Watch): void {
    if (this.closed) {
      held[Symbol.dispose]();
      return;
    }
    this.client = facts;
    this.watch = held;
    for (const capability of ASK_CAPABILITY.values())
      if (isObject(JSON.parse(memberText(facts.capabilities, capability) ?? 'null')))
        this.#declared = [...this.#declared, capability];
  }

  startCall(idKey: string): CallSignal {
    if (this.closed) throw new GatewayError('unknown_session', 'it has ended');
    if (this.#find(idKey) !== -1) throw new GatewayError('invalid_request', 'a request with this id is in flight');
    if (this.inFlight >= MAX_IN_FLIGHT) throw new GatewayError('too_many', 'calls in this session');
    const call: RunningCall = { idKey, cancellation: new Cancellation() };
    if (this.#calls === undefined) this.#calls = [call];
    else this.#calls.push(call);
    return call.cancellation;
  }

  endCall(idKey: string): void {
    const at = this.#find(idKey);
    // The list of a session that rests is given back.
    if (this.#calls?.length === 1 && at === 0) this.#calls = undefined;
    else if (at !== -1) this.#calls?.splice(at, 1);
    this.lastUsedMs = this.#deps.now();
    if (this.inFlight === 0) this.#deps.onQuiet(this);
  }

  cancelCall(idKey: string): void {
    this.#calls?.[this.#find(idKey)]?.cancellation.abort(new GatewayError('cancelled', 'by the client'));
  }

  onWatchEvent(event: WatchEvent): void {
    const { standalone } = this.outbox;
    if (event.type === 'resource-updated')
      standalone.send(encodeNotification('notifications/resources/updated', event.params));
    else if (event.type === 'log-message') this.notify('notifications/message', event.params);
    // Says only "list again", so one that still waits says it all.
    else if (event.type === 'list-changed') standalone.send(LIST_CHANGED[event.list], { once: true });
  }

  get mayAskAnything(): boolean {
    return this.#declared.length > 0;
  }

  mayAsk(method: string): boolean {
    const capability = ASK_CAPABILITY.get(method);
    return capability === undefined ? method === 'ping' : this.#declared.includes(capability);
  }

  wantsNotification(method: string, params: JsonText | undefined): boolean {
    if (method !== 'notifications/message' || this.logLevel === undefined || params === undefined) return true;
    const level = memberText(params, 'level');
    const rank = level === undefined ? -1 : LOG_LEVELS.indexOf(JSON.parse(level) as LogLevel);
    return rank === -1 || rank >= LOG_LEVELS.indexOf(this.logLevel);
  }

  sweep(nowMs: number): void {
    this.#outbox?.sweep(nowMs);
  }

  rootsChanged(): void {
    for (const listener of [...(this.#rootsListeners ?? [])]) listener();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const ended = new GatewayError('unknown_session', 'it has ended');
    for (const { cancellation } of [...(this.#calls ?? [])]) cancellation.abort(ended);
    this.#asks?.failAll(new GatewayError('cancelled', 'the session has ended'));
    this.watch?.[Symbol.dispose]();
    this.#rootsListeners = undefined;
    this.#outbox?.close();
    this.#deps.onClose(this);
    for (const listener of this.#closeListeners?.splice(0) ?? []) listener();
  }

  notify(method: string, params: JsonText | undefined): void {
    if (!this.closed && this.wantsNotification(method, params))
      this.outbox.standalone.send(encodeNotification(method, params));
  }

  ask(method: string, params: JsonText | undefined, signal: CallSignal): Promise<PeerReply> {
    if (this.closed) return Promise.reject(new GatewayError('cancelled', 'the session has ended'));
    if (!this.mayAsk(method)) return Promise.reject(new GatewayError('missing_capability', method));
    return this.asks.ask((message) => this.outbox.standalone.send(message), method, params, signal);
  }

  onRootsChanged(listener: () => void): () => void {
    this.#rootsListeners ??= new Set();
    this.#rootsListeners.add(listener);
    return () => void this.#rootsListeners?.delete(listener);
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else if (this.#closeListeners === undefined) this.#closeListeners = [listener];
    else this.#closeListeners.push(listener);
  }

  #find(idKey: string): number {
    return this.#calls?.findIndex((call) => call.idKey === idKey) ?? -1;
  }
}
