/** The client on the other side of a call, as far as an upstream may need it: what it declared and how to reach it. */

import type { CallSignal } from './call-signal.ts';
import type { JsonText } from './json.ts';

export type Era = 'legacy' | 'modern';

/** MCP log levels, quietest last (RFC 5424 names). */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the client answered to a server-to-client request: exactly one of the two, verbatim. */
export type PeerReply = { readonly result: JsonText } | { readonly error: JsonText };

/** A legacy client session (2024-11-05 to 2025-11-25), reachable outside of any one call. */
export interface PeerSession {
  readonly id: string;
  /** Set once the client or the idle timer ended it; nothing may be sent any more. */
  readonly closed: boolean;
  /** Minimum level the client asked for with logging/setLevel; undefined: never asked, send everything. */
  readonly logLevel: LogLevel | undefined;
  /** Sends a notification on the session's standalone stream (buffered for resumption, bounded). */
  notify(method: string, params: JsonText | undefined): void;
  /** Asks the client (sampling, elicitation, roots, ping) on the standalone stream. Rejects with GatewayError. */
  ask(method: string, params: JsonText | undefined, signal: CallSignal): Promise<PeerReply>;
  onClose(listener: () => void): void;
  /** The client's notifications/roots/list_changed. The returned function ends the listening. */
  onRootsChanged(listener: () => void): () => void;
}

/** The client of one call. */
export interface ClientPeer {
  readonly era: Era;
  readonly protocolVersion: string;
  /** `clientInfo` as the client sent it (an object), if it did. Self-reported: for display only, never policy. */
  readonly info: JsonText | undefined;
  /** The client's declared capabilities (an object); `{}` when it declared none. */
  readonly capabilities: JsonText;
  /** The gateway waits for tasks in this client's place: its server may answer with one. */
  readonly awaitsTasks?: true;
  readonly session: PeerSession | undefined;
  /** Modern era: `_meta` logLevel of this request; absent means no log messages at all. */
  readonly logLevel: LogLevel | undefined;
  /** JSON text of the client's progress token (string or number), if it wants progress. */
  readonly progressToken: JsonText | undefined;
  /** Sends a notification on the stream of this call, before its answer. Silently dropped once answered. */
  notify(method: string, params: JsonText | undefined): void;
  /** Asks the client on the stream of this call. Undefined where the era or the client forbids it. */
  readonly ask: ((method: string, params: JsonText | undefined, signal: CallSignal) => Promise<PeerReply>) | undefined;
}
