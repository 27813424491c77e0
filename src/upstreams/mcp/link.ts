/**
 * A link: one live connection to one MCP server, in one era, opened for one set of client capabilities. This file holds
 * the words between those who make links (`open-link` and the transports) and those who keep them (`server`).
 */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { ServerConfig } from '../../contracts/config.ts';
import type { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText, ParamsScan } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ClientPeer, Era, PeerReply } from '../../contracts/peer.ts';
import type { OfferedTool, ServerFailure, UpstreamReply } from '../../contracts/upstream.ts';

export interface LinkRequest {
  readonly method: string;
  /** As the server is to see it, but for the hop-local `_meta` keys, which the link writes for its era. */
  readonly params: JsonText;
  /** Of `params`, where it is known. */
  readonly scan?: ParamsScan | undefined;
  /** `params` still carries another name: `name` is written in its place. */
  readonly rename?: boolean | undefined;
  /** For the `Mcp-Name` header of the modern era; undefined where the method has none. */
  readonly name: string | undefined;
  /** For `Mcp-Param-*` headers of the modern era. */
  readonly tool: OfferedTool | undefined;
  /** The client to whom notifications and questions that belong to this request go; undefined for our own requests. */
  readonly peer: ClientPeer | undefined;
  readonly keyId: string | undefined;
  readonly traceparent: string | undefined;
  readonly signal: CallSignal;
  readonly timeoutMs: number;
  /** Modern servers: what a call that goes on says in place of the client's own words; legacy ones see nothing of it. */
  readonly round?: Round | undefined;
}

export interface Round {
  /** `inputResponses`, an object. */
  readonly answers: JsonText | undefined;
  /** `requestState` as the server gave it. */
  readonly state: string | undefined;
}

/** A message of the server that belongs to no request in flight. */
export type ServerMessage =
  | { readonly type: 'notification'; readonly method: string; readonly params: JsonText | undefined }
  | {
      readonly type: 'request';
      readonly method: string;
      readonly params: JsonText | undefined;
      readonly answer: (reply: PeerReply) => void;
    };

/** What does not work in a server that runs, whole each time; `failure`: what went wrong with it and was mended already. */
export type OnProblems = (problems: readonly string[], failure: string | undefined) => void;

export interface Link {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly serverInfo: JsonText | undefined;
  readonly capabilities: { readonly [name: string]: unknown };
  readonly instructions: string | undefined;
  /** Requests under way. */
  readonly inFlight: number;
  /**
   * One request, answered verbatim. Throws GatewayError:
   * - `upstream_unavailable`: it certainly did not reach the server (repeating is safe);
   * - `outcome_unknown`: it may have (connection lost, process died, 500/502/504);
   * - `upstream_timeout`, `cancelled`: the server was told (legacy: notifications/cancelled, modern: stream closed);
   * - `upstream_failed`: the answer was no JSON-RPC, or larger than the bound;
   * - `upstream_needs_auth`: 401 or 403; `cross_era_unsupported`: the server asked something this client cannot be asked yet.
   * A lost legacy HTTP session (404) is `upstream_unavailable` and closes the link.
   */
  request(request: LinkRequest): Promise<UpstreamReply>;
  notify(method: string, params: JsonText | undefined): void;
  /**
   * Modern only: keeps one `subscriptions/listen` stream open with this filter (`notifications` object), replacing the one
   * before. What arrives goes to `onServerMessage`. Resolves with what the server
   * agreed to, perhaps for a later filter; rejects if it lets nobody listen, or the link ends. A stream that breaks is opened again with backoff while the link lives.
   */
  listen(notifications: JsonText): Promise<JsonObject>;
  /** Ends it in the order the transport wants (DELETE; stdin closed, SIGTERM, SIGKILL). Requests in flight fail. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly config: ServerConfig;
  /** Client capabilities to declare (legacy initialize); `{}` for shared links. */
  readonly capabilities: JsonText;
  /** Our `clientInfo`. */
  /** The user whose credential its requests carry; undefined: nobody's in particular. */
  readonly owner?: string | undefined;
  readonly identity: { readonly name: string; readonly version: string };
  readonly maxMessageBytes: number;
  readonly log: Log;
  /** Era found out earlier; tried first, detected anew when it fails. */
  readonly eraHint: Era | undefined;
  readonly onServerMessage: (message: ServerMessage) => void;
  /** Only from folders of hosted tools. */
  readonly onProblems?: OnProblems | undefined;
  /** Once, when the link is over without `close()` having been called. */
  readonly onLost: (failure: Omit<ServerFailure, 'atMs'>) => void;
  readonly signal: AbortSignal;
  readonly inProcess: ReadonlyMap<string, InProcessServer>;
}

/** Why a link could not be opened. */
export class LinkOpenError extends Error {
  override readonly name = 'LinkOpenError';
  readonly stage: ServerFailure['stage'];
  /** Worth trying again without anybody changing anything. */
  readonly transient: boolean;
  readonly needsAuth: boolean;
  constructor(
    stage: ServerFailure['stage'],
    message: string,
    options: { transient: boolean; needsAuth?: boolean; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.stage = stage;
    this.transient = options.transient;
    this.needsAuth = options.needsAuth ?? false;
  }
}

/**
 * A server made of code in this process: gets each client message as text, answers through `send`, or through `fail` where
 * a request could not be brought to whatever stands behind it.
 */
export interface InProcessServer {
  connect(
    send: (message: JsonText) => void,
    fail: (requestId: number, error: GatewayError) => void,
  ): { receive(message: JsonText): void; close(): void };
}

/** Starts or connects, detects the era, shakes hands. Rejects with LinkOpenError. */
export type OpenLink = (options: LinkOptions) => Promise<Link>;
