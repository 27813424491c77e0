/** What the front door of a dialect consists of; the way of a request through it is the same for all, see `serve-model`. */

import type { Credential } from '../../contracts/caller.ts';
import type { ChatAnswer, ChatEvent } from '../../contracts/chat.ts';
import type { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Exchange } from '../http/exchange.ts';

/** One error in the words of a dialect. */
export interface RenderedError {
  readonly status: number;
  readonly body: JsonText;
}

/** Writes one streamed answer. Made for each; keeps what the dialect wants repeated. */
export interface StreamEncoder {
  /** Wire text of these events, '' if they make none yet. */
  encode(events: readonly ChatEvent[]): string;
  /** What ends the stream on the wire, after the event `end`. */
  finish(): string;
}

export interface DialectEdge {
  /** Where else than in its headers a request may carry its key. Undefined: nowhere. Throws GatewayError `unauthenticated`. */
  readonly credentialOf?: ((exchange: Exchange) => Credential | undefined) | undefined;
  /** `requestId` is the call's id. Public text only. */
  renderError(error: GatewayError, requestId: string): RenderedError;
  /** What ends a stream that broke, in the form clients of this dialect look for. */
  renderStreamError(error: GatewayError, requestId: string): string;
}

/** The front door of a chat dialect. */
export interface ChatEdge extends DialectEdge {
  /** `body`: the request as the client sent it, for dialects that repeat it or let it decide how they answer. */
  encodeAnswer(answer: ChatAnswer, body: JsonObject): JsonText;
  createStreamEncoder(body: JsonObject): StreamEncoder;
  /** Of streams that we write. */
  readonly streamContentType: string;
}
