/** The port behind which every MCP server stands, whatever its transport and protocol era. */

import type { CallSignal } from './call-signal.ts';
import type { ServerConfig } from './config.ts';
import type { JsonText, ParamsScan } from './json.ts';
import type { ClientPeer, Era, LogLevel } from './peer.ts';

export type ServerState = 'starting' | 'healthy' | 'unstable' | 'needs_auth' | 'disabled' | 'failed';

/** `open`: calls are refused; `half-open`: the next one tries. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface ServerFailure {
  readonly stage: 'start' | 'connect' | 'initialize' | 'list' | 'ping' | 'call' | 'transport' | 'credential';
  /** For operators, at most 512 characters; may quote the server, never a secret of ours. */
  readonly message: string;
  readonly atMs: number;
}

export interface ServerStatus {
  readonly id: string;
  readonly state: ServerState;
  readonly sinceMs: number;
  readonly transport: ServerConfig['transport']['type'];
  readonly era: Era | undefined;
  readonly protocolVersion: string | undefined;
  readonly lastFailure: ServerFailure | undefined;
  /** What is wrong with parts of it although it runs (files of hosted tools); for operators, bounded. */
  readonly problems: readonly string[];
  readonly restarts: number;
  readonly tools: number;
  readonly prompts: number;
  readonly resources: number;
  /** Only where a circuit breaker is configured. */
  readonly circuit?: CircuitState | undefined;
  /** Calls under way and waiting; only where they are bounded. */
  readonly calls?: { readonly running: number; readonly queued: number } | undefined;
}

/** One listed item: its whole definition as the server sent it, and the few fields we decide on. */
export interface OfferedTool {
  readonly name: string;
  readonly text: JsonText;
  /** `annotations.readOnlyHint === true`. Advisory: it decides write-ahead and retry, never access. */
  readonly readOnly: boolean;
  /** `annotations.idempotentHint === true` or read-only: a call of unknown outcome may be repeated. */
  readonly idempotent: boolean;
  /** Its x-mcp-header annotations break the rules: not to be listed for modern clients. Absent: they do not. */
  readonly headersInvalid?: true;
  /** Its server shows it only to clients that can be asked something. Absent: to all. */
  readonly forAskable?: true;
  /** Arguments mirrored into `Mcp-Param-<header>` (2026-07-28, x-mcp-header): header suffix and path of property names. */
  readonly headerParams: readonly { readonly header: string; readonly path: readonly string[] }[];
}
export interface OfferedPrompt {
  readonly name: string;
  readonly text: JsonText;
}
export interface OfferedResource {
  readonly uri: string;
  readonly text: JsonText;
}
export interface OfferedTemplate {
  readonly uriTemplate: string;
  readonly text: JsonText;
}

/** Cache hint of a list (2026-07-28); undefined from legacy servers. */
export interface CacheHint {
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** What a server offers, as of its last complete listing. Immutable; a change makes a new one. */
export interface Offer {
  /** Grows by one with each change of this server's offer. */
  readonly revision: number;
  readonly era: Era;
  readonly protocolVersion: string;
  /** `serverInfo` object, for display. */
  readonly serverInfo: JsonText | undefined;
  /** `capabilities` object as declared. */
  readonly capabilities: { readonly [name: string]: unknown };
  readonly instructions: string | undefined;
  readonly tools: readonly OfferedTool[];
  readonly prompts: readonly OfferedPrompt[];
  readonly resources: readonly OfferedResource[];
  readonly templates: readonly OfferedTemplate[];
  readonly cache: { readonly [list in 'tools' | 'prompts' | 'resources' | 'templates']: CacheHint | undefined };
}

/**
 * How a call goes on after its client was asked something: with the state its server gave out, or where it waits for the
 * answer. For us alone: a client only ever sees it sealed.
 */
export type Continuation =
  | { readonly type: 'server-state'; readonly state: string }
  | { readonly type: 'parked'; readonly handle: string }
  /** Its client was asked whether the call may be made: nothing has reached the server. */
  | { readonly type: 'approval'; readonly approvalId: string }
  /** Its client was asked to have an account connected; `before`: the connection that does not do. Nothing has reached the server. */
  | { readonly type: 'connection'; readonly before: string | undefined };

export interface UpstreamRequest {
  readonly method:
    | 'tools/call'
    | 'prompts/get'
    | 'resources/read'
    | 'completion/complete'
    | 'skills/list'
    | 'skills/get'
    | 'resources/directory/read'
    | 'tasks/get'
    | 'tasks/update'
    | 'tasks/cancel';
  /**
   * `params` as the client sent it, already carrying the server's own names and URIs. Its `_meta` is still the client's:
   * the upstream replaces hop-local keys (progress token, protocol version, client capabilities, trace) for its own era.
   */
  readonly params: JsonText;
  /** Of `params`, where it is known; else the upstream scans. */
  readonly scan?: ParamsScan | undefined;
  /** `params` still carries the client's name for tool or prompt: the upstream writes `name` in its place. */
  readonly rename?: boolean;
  /** Tool or prompt name, resource URI or task id, as the server knows it; for headers and the log. */
  readonly name: string;
  readonly tool: OfferedTool | undefined;
  /** Key of the caller: sessions with client capabilities are never shared between callers. */
  readonly keyId: string;
  /** The user whose credential it takes where each has one of their own; undefined: the caller is no user. */
  readonly owner?: string | undefined;
  readonly peer: ClientPeer;
  readonly signal: CallSignal;
  /** Absolute limit for the answer, from now. */
  readonly timeoutMs: number;
  /** True: the call may be repeated when its outcome is unknown (lists, reads, idempotent tools). */
  readonly repeatable: boolean;
  /** W3C traceparent of our span, to be written into `_meta` and (HTTP) the header. */
  readonly traceparent: string | undefined;
  /** What this call continues, already proven to be this caller's; `params` still carries the sealed `requestState`. */
  readonly continues?: Continuation | undefined;
  /** `inputResponses` of `params` (an object), if a modern client brought any. */
  readonly answers?: JsonText | undefined;
}

/** The server's answer, verbatim. Errors of ours (unreachable, timed out, garbage) are thrown as GatewayError. */
export type UpstreamReply =
  | { readonly type: 'result'; readonly text: JsonText }
  | { readonly type: 'rpc-error'; readonly text: JsonText }
  /**
   * Only for modern clients: an `input_required` result, without its `requestState`, which is to be made of
   * `continuation`. Undefined: there is nothing to remember.
   */
  | { readonly type: 'input-required'; readonly text: JsonText; readonly continuation: Continuation | undefined }
  /** Only to tools/call, and only for clients that declared the extension: a task, with the server's own id of it. */
  | { readonly type: 'task'; readonly text: JsonText; readonly taskId: string };

export type TaskUpdate = (params: JsonText) => void;

export type ResourceUpdate = (uri: string, params: JsonText) => void;

/** One configured MCP server, supervised: started, listed, restarted, refreshed, closed. */
export interface UpstreamServer {
  readonly id: string;
  readonly config: ServerConfig;
  /** Undefined until the first complete listing; afterwards last-known-good, also while reconnecting. */
  offer(): Offer | undefined;
  status(): ServerStatus;
  request(request: UpstreamRequest): Promise<UpstreamReply>;
  /** One shared, reference-counted upstream subscription per URI. The returned function ends this one. */
  subscribe(uri: string, listener: ResourceUpdate): Promise<() => void>;
  /** Changes of one task, as `params` of notifications/tasks. Throws GatewayError if the server will not tell. */
  watchTask(taskId: string, listener: TaskUpdate): Promise<() => void>;
  /** Lists again now; resolves when the offer is current. */
  refresh(): Promise<void>;
  /** The quietest level any session asked for changed; legacy servers get logging/setLevel, best effort. */
  setLogLevel(level: LogLevel): void;
}

export type ServerEvent =
  | {
      readonly type: 'offer-changed';
      readonly serverId: string;
      readonly lists: readonly ('tools' | 'prompts' | 'resources')[];
    }
  /** `params` of a log message that belongs to no call, at most some per second. */
  | { readonly type: 'log-message'; readonly serverId: string; readonly params: JsonText }
  | { readonly type: 'state-changed'; readonly serverId: string; readonly status: ServerStatus };

/** Everything that runs upstream. Lives as long as the process: configurations come and go, unchanged servers stay. */
export interface ServerRegistry extends AsyncDisposable {
  current(): ReadonlyMap<string, UpstreamServer>;
  onEvent(listener: (event: ServerEvent) => void): () => void;
  /**
   * Brings the running servers to this list. Unchanged ones keep running; new and changed ones are started beside the old
   * (a changed one replaces its predecessor once it is healthy, or after 10 s); removed ones finish their calls, then close.
   * Never waits for a slow server. Resolves when `current()` shows the new list.
   */
  apply(servers: readonly ServerConfig[]): Promise<void>;
}
