/** The call: the one thing that travels through the pipeline, whichever door it came in by. */

import type { CallSignal } from './call-signal.ts';
import type { Caller, Credential, Narrowing } from './caller.ts';
import type { ChatDialect, Usage } from './chat.ts';
import type { MetaToolName } from './codemode.ts';
import type { JsonText, ParsedJson } from './json.ts';
import type { RateStanding } from './limits.ts';
import {
  type InjectedTools,
  MODEL_CALL_KINDS,
  type ModelCallKind,
  type ModelOutcome,
  type ModelPlan,
  type ModelReport,
  type ModelRequest,
} from './models.ts';
import type { ClientPeer, LogLevel } from './peer.ts';
import type { PolicyNote } from './policy.ts';
import type { Suggestion, SuggestionRef } from './suggestions.ts';
import type { Continuation, OfferedTool } from './upstream.ts';

export const CALL_KINDS = [
  ...MODEL_CALL_KINDS,
  'session.open',
  'tools.list',
  'tools.call',
  'prompts.list',
  'prompts.get',
  'resources.list',
  'resources.templates.list',
  'resources.read',
  'resources.subscribe',
  'resources.unsubscribe',
  'completion.complete',
  'skills.list',
  'skills.get',
  'directories.read',
  'tasks.get',
  'tasks.update',
  'tasks.cancel',
  'tasks.subscribe',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/**
 * What the request addressed: `/mcp` (all servers, exposed names), `/mcp/{server}` (one, its own names) or
 * `/mcp/t/{toolset}` (a toolset, its names).
 */
export type Endpoint =
  | { readonly type: 'all' }
  | { readonly type: 'server'; readonly serverId: string }
  | { readonly type: 'toolset'; readonly toolset: string };

/** Facts the steps find out on the way; what the trail records. */
export interface CallFacts {
  caller?: Caller;
  serverId?: string;
  /** The tool, prompt or resource as its server knows it. */
  target?: string;
  tool?: OfferedTool;
  /** Milliseconds spent waiting for the upstream. */
  upstreamMs?: number;
  /** Milliseconds from `startedMs` until the outcome was known; set with the record of the call. */
  totalMs?: number;
  /** Set where somebody measures: whoever sends the answer calls it once the last byte is with the kernel. */
  onSent?: (call: Call) => void;
  /** The intent is in the trail already; only its end is missing. */
  intended?: boolean;
  /** Modern clients: this call brings the answers to questions of an earlier leg; never to be answered from a cache. */
  continues?: Continuation;
  /** Id of that leg's call, or of the call that a task came from. */
  continuesId?: string;
  /** Set where policy refuses the call, or hides what it names. */
  policy?: PolicyNote;
  /** The server was not called: somebody else's answer serves this call, too. */
  cached?: boolean;
  /** How much is used of its key's budget that is nearest to its end, 1 for all of it; undefined: it has none. */
  budgetShare?: number;
  /** What the budget of its key set aside for it. Micro-dollars. */
  reservedMicroUsd?: number;
  /** What the call cost, once it is known to have been made. Micro-dollars. */
  priceMicroUsd?: number;
  /** The task that was named: its id as its server knows it, and its tool as this endpoint shows it. */
  task?: { readonly ownId: string; readonly shownTool: string };
  /** Calls of models: where this one may go. */
  plan?: ModelPlan;
  /** Calls of models: the gateway's tools that go along. */
  injected?: InjectedTools;
  /** Names of the gateway's tools that were left out, since the request brings its own of that name. */
  leftOutTools?: readonly string[];
  /** Calls of models: who answered, after which attempts, with what usage. */
  model?: ModelReport;
  /** Where its key stands with its rates; undefined: it has none. */
  standing?: RateStanding;
  /** Calls of models: usage and cost are recorded, but not told in headers. */
  hidesUsage?: true;
  /** Where a rule allowed it, or a person: `rule:NAME`, `defaults.CLASS`, `approval:ID`, `standing:ID`. Undefined: only its grant speaks of it. */
  authority?: string;
  /** A rule asks for an approval; whoever lets it through takes this away. */
  asks?: { readonly rule: string; readonly message: string | undefined };
  /** Chat: the run or conversation it was found to belong to, where the gateway's tools went along. */
  runId?: string;
  /** Chat: what its model suggested, as far as it stands in the ledger. */
  suggestions?: readonly { readonly id: string; readonly toolCallId: string | undefined }[];
  /** Chat in agent mode: what its rounds took together, for its answer's headers. Their own records are what is counted. */
  run?: {
    readonly provider: string | undefined;
    readonly model: string | undefined;
    readonly usage: Usage | undefined;
    readonly costMicroUsd: number | undefined;
  };
  /** What of the ledger this call carries out: found, and this caller's. */
  suggestion?: Suggestion;
  /** What goes to the server in place of `params`: a person approved other arguments. */
  params?: ParsedJson;
  /** The approval that lets it be carried out. */
  approvalId?: string;
  /** It is the gateway's own tool of that name, not a server's. */
  meta?: MetaToolName;
  /** What the calls that it made cost together, as far as known; each has a record of its own. Micro-dollars. */
  nestedMicroUsd?: number;
  /** A script of it waits for these approvals; `resume` with its execution goes on. */
  suspended?: { readonly executionId: string; readonly approvals: readonly string[] };
  /** W3C trace id and span id of this call in the gateway: 32 and 16 lower-case hex digits. */
  traceId?: string;
  spanId?: string;
}

/** Where a request came from, as far as the connection knows. */
export interface ClientPlace {
  readonly remoteAddress: string | undefined;
  /** Values of `X-Forwarded-For`, nearest last: whoever sent them may have made them up. */
  readonly forwardedFor: readonly string[];
}

export interface Call {
  /** Time-ordered UUID, also the trail's key. */
  readonly id: string;
  readonly kind: CallKind;
  /** Wall clock, for the record. */
  readonly receivedAtMs: number;
  /** Monotonic, for durations: when the head of its request was complete. */
  readonly startedMs: number;
  /** `execute`: what a model suggested is carried out; `agent`: by the gateway itself; `code`: by a script of a model. */
  readonly surface: 'mcp' | 'models' | 'execute' | 'agent' | 'code';
  readonly endpoint: Endpoint;
  readonly credential: Credential | undefined;
  /** The other end of the connection; read only where somebody asks for it. Undefined: there is none. */
  readonly client?: ClientPlace | undefined;
  readonly narrowing: Narrowing;
  /** Whole `params` of the request; `{}` when it had none. */
  readonly params: ParsedJson;
  /** Tool or prompt name, resource URI, task id, model, as the client wrote it; '' for lists. For completion: the ref's name or uri. */
  readonly name: string;
  readonly peer: ClientPeer;
  /**
   * `Mcp-Param-*` headers of a modern tools/call, decoded, by lower-case suffix; to be compared with the arguments once
   * the tool is known (`facts.tool.headerParams`). Undefined: this client mirrors nothing.
   */
  readonly paramHeaders?: ReadonlyMap<string, string> | undefined;
  /** Where resources.subscribe and tasks.subscribe attach; sessions and listen streams have one. */
  readonly watch: Watch | undefined;
  readonly signal: CallSignal;
  /** Incoming W3C traceparent, syntax-checked by the edge. */
  readonly traceparent: string | undefined;
  readonly parentId: string | undefined;
  /** The run or conversation it belongs to: id of its first call. Undefined: none that is known. */
  readonly runId?: string | undefined;
  /** It carries out what stands in the ledger of suggestions. Undefined: it stands for itself. */
  readonly execution?: SuggestionRef | undefined;
  /** A round of the gateway's own agent loop, or a call of a tool in one: no loop begins within it. */
  readonly inRun?: true | undefined;
  readonly facts: CallFacts;
}

/** A call of a model: chat, embeddings, token counts, the list of models, pass-through. */
export interface ModelCall extends Call {
  readonly kind: ModelCallKind;
  readonly model: ModelRequest;
  /** The client's `x-…` headers and `user-agent`, without what it proves itself with; for routing. Undefined: none. */
  readonly routingHeaders?: (() => ReadonlyMap<string, string>) | undefined;
}

/** Answer of a call. Ours go out as built, a server's as it came. Refusals and failures are thrown as GatewayError. */
export type McpOutcome =
  | {
      readonly type: 'result';
      readonly text: JsonText;
      readonly isError: boolean;
      /**
       * UTF-8 length of `text`, only where this very object answers many calls: an edge may keep what it makes of it, by
       * its identity and for as long as it lives. Twice its size is accounted for that.
       */
      readonly sharedBytes?: number;
    }
  /** JSON-RPC error object of the upstream, verbatim. */
  | { readonly type: 'rpc-error'; readonly text: JsonText };

export type Outcome = McpOutcome | ModelOutcome;

export type Next = () => McpOutcome | Promise<McpOutcome>;
/** A step of MCP's columns. */
export type Step = (call: Call, next: Next) => McpOutcome | Promise<McpOutcome>;
/** A step of the models' columns. */
export type ModelStep = (
  call: ModelCall,
  next: () => ModelOutcome | Promise<ModelOutcome>,
) => ModelOutcome | Promise<ModelOutcome>;
/** A step that both go through. */
export type SharedStep = <O extends Outcome>(call: Call, next: () => O | Promise<O>) => O | Promise<O>;

/** The same door, as the edges of models see it. */
export interface ModelGateway {
  call(call: ModelCall): ModelOutcome | Promise<ModelOutcome>;
}

/** What a watcher is told, already filtered to what its caller may see. */
export type WatchEvent =
  | { readonly type: 'list-changed'; readonly list: 'tools' | 'prompts' | 'resources' }
  /** `params` of a log message of a server that belongs to no call. */
  | { readonly type: 'log-message'; readonly params: JsonText }
  /** `params` of notifications/resources/updated, with the URI as this endpoint shows it. */
  | { readonly type: 'resource-updated'; readonly uri: string; readonly params: JsonText }
  /** `params` of notifications/tasks, with the id and the URIs as this endpoint shows them. */
  | { readonly type: 'task-changed'; readonly taskId: string; readonly params: JsonText };

/** A long-lived interest in changes: one per legacy session or modern listen stream. */
export interface Watch extends Disposable {
  /** Adds an upstream subscription to the server's own `uri`; at most one per `shown`, the URI as the client wrote it. */
  hold(serverId: string, uri: string, shown: string): Promise<void>;
  release(serverId: string, shown: string): void;
  /** Adds an interest in a task of a tool, by its server's own id, until the watch ends; `shown` is the client's id of it. */
  holdTask(
    task: { readonly serverId: string; readonly tool: string; readonly ownId: string },
    shown: string,
  ): Promise<void>;
  /** The least severe log messages its client wants; servers are told of the least of all watches. */
  setLogLevel(level: LogLevel): void;
}

export interface WatchRequest {
  readonly caller: Caller;
  readonly endpoint: Endpoint;
  readonly narrowing: Narrowing;
  readonly onEvent: (event: WatchEvent) => void;
}

/** A suggestion as its caller may see it. */
export interface OwnSuggestion {
  readonly id: string;
  /** What the model wrote; undefined: it was not kept, and has to be brought again. */
  readonly arguments: JsonText | undefined;
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly dialect: ChatDialect | undefined;
  readonly toolCallId: string | undefined;
}

/** Where what was suggested is looked up by whoever it belongs to. */
export interface SuggestionGateway {
  /** What stands in the ledger under that id, if it is this caller's. Throws GatewayError `unknown_suggestion`. */
  suggestion(credential: Credential | undefined, id: string): Promise<OwnSuggestion>;
}

/** What a token is presented to: an endpoint of MCP, or those of models, which go by the name of `/mcp`. */
export type ProtectedPlace = Endpoint | { readonly type: 'models' };

/** The one door in. Survives configuration swaps: each call runs on the snapshot current when it began. */
export interface Gateway {
  call(call: Call): McpOutcome | Promise<McpOutcome>;
  /**
   * Looks at an access token, which takes time, before `identify` is asked; of every other credential there is nothing to
   * wait for: undefined. `place`: what it is presented to. Throws, or rejects with, GatewayError `unauthenticated` with what
   * clients need to know to get a token; `unknown_subject`, `issuer_unavailable`.
   */
  admit(credential: Credential | undefined, place: ProtectedPlace): Promise<void> | undefined;
  /** Throws GatewayError `insufficient_scope` where a token was not issued for calls of that kind; keys are for all. */
  checkScope(credential: Credential | undefined, kind: CallKind, place: ProtectedPlace): void;
  /** Who is this? Throws GatewayError `unauthenticated`. The same rule as the identify step. */
  identify(credential: Credential | undefined): Caller;
  /** True if the endpoint exists for this caller; an endpoint it may not use is one that does not exist. */
  serves(endpoint: Endpoint, caller: Caller): boolean;
  watch(request: WatchRequest): Watch;
}
