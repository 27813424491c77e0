/** The words between a conversation (which knows ids, deadlines and owners) and a transport (which only moves text). */

import type { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { OfferedTool, ServerFailure } from '../../contracts/upstream.ts';

/** One message on its way to the server. */
export type Outgoing =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly method: string;
      readonly text: JsonText;
      /** For headers of the modern era. */
      readonly params: JsonText;
      readonly name: string | undefined;
      readonly tool: OfferedTool | undefined;
      readonly traceparent: string | undefined;
    }
  | {
      readonly kind: 'notification' | 'response';
      readonly method: string;
      readonly text: JsonText;
      /** Called once it was delivered or given up. */
      readonly onDone?: () => void;
    };
export type OutgoingRequest = Extract<Outgoing, { kind: 'request' }>;

/** Why a connection is over. */
export interface TransportFailure extends Omit<ServerFailure, 'atMs'> {
  /** Trying again may help although nobody changed anything. */
  readonly transient: boolean;
}

/** What a transport reports. All calls for requests that are not waiting any more are ignored. */
export interface TransportEvents {
  /** One message (or a batch) of the server; `owner` is the request on whose own stream it came, if it has one. */
  onMessage(text: JsonText, owner: number | undefined): void;
  /** True as long as the request has no answer and was not given up. */
  isWaiting(id: number): boolean;
  /** This request will get no answer. */
  onFailed(id: number, error: GatewayError): void;
  /**
   * The connection is over. Requests in flight fail, with `upstream_unavailable` where `isUnsent` says so; with
   * `sparesInFlight` they live on (they have streams of their own) and only new ones are refused.
   */
  onLost(
    failure: TransportFailure,
    options?: { readonly isUnsent?: (id: number) => boolean; readonly sparesInFlight?: boolean },
  ): void;
}

export interface Transport {
  /** True: giving up a request is told with notifications/cancelled; false: by closing its stream. */
  readonly cancelsByMessage: boolean;
  /** Sends one message; failures are reported through the events, never thrown. */
  send(outgoing: Outgoing): void;
  /** The request was answered or given up; its resources can go. */
  finish(id: number, givenUp: boolean): void;
  /** The legacy handshake is over: session and version apply from now on. */
  begin?(protocolVersion: string): void;
  close(): Promise<void>;
}

/** The status of an HTTP answer that was no success, as the cause of a GatewayError: era detection reads it. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail === '' ? `HTTP ${status}` : `HTTP ${status}: ${detail}`);
    this.status = status;
  }
}
