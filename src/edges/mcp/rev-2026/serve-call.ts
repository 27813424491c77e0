/** One governed request of a modern client: headers against body, through the gateway, outcome onto the wire. */

import type { Endpoint, Gateway, McpOutcome } from '../../../contracts/call.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { LateList } from '../../../lib/late-list.ts';
import type { Exchange } from '../../http/exchange.ts';
import { callName, type GovernedMethod } from '../kinds.ts';
import { createReadyResults, isShared, resultPieces } from '../ready-results.ts';
import type { Answer } from './answer.ts';
import { checkName, decodeParamHeaders } from './check-headers.ts';
import { createCall } from './create-call.ts';
import { createPeer } from './create-peer.ts';
import type { Envelope, ModernRequest } from './decode-message.ts';
import { encodeDiscover } from './encode-discover.ts';
import { encodeResult } from './encode-result.ts';
import { encodeUpstreamError } from './encode-upstream-error.ts';
import { DISCOVER, errorFrame, resultFrame } from './wire.ts';

export interface ServeCallDeps {
  readonly gateway: Gateway;
  /** Our `serverInfo` as JSON text. */
  readonly serverInfo: JsonText;
  readonly now: () => number;
  readonly newId: () => string;
  readonly streamAfterMs: number;
}

export interface ServableRequest {
  readonly endpoint: Endpoint;
  readonly request: ModernRequest;
  readonly envelope: Envelope;
  readonly governed: GovernedMethod;
}

/** Throws, or rejects with, GatewayError for everything that is not an outcome; then nothing final has been sent. */
export type ServeCall = (exchange: Exchange, servable: ServableRequest, answer: Answer) => void | Promise<void>;

export function createServeCall(deps: ServeCallDeps): ServeCall {
  const { gateway, serverInfo, streamAfterMs } = deps;

  const readyResults = createReadyResults((text, method) => encodeResult(method, text, serverInfo));
  const slow = new LateList<Answer>(streamAfterMs, (answer) => answer.stream());

  const finish = (answer: Answer, { request, governed }: ServableRequest, outcome: McpOutcome): void => {
    if (outcome.type === 'rpc-error') {
      const uri = governed.nameIn === 'uri' ? answer.call?.name : undefined;
      const { status, error } = encodeUpstreamError(outcome.text, uri);
      answer.finish(status, errorFrame(request.id, error));
      return;
    }
    if (isShared(outcome)) {
      answer.finishReady(resultPieces(request.id, readyResults(outcome, request.method)));
      return;
    }
    const result =
      request.method === DISCOVER
        ? encodeDiscover(outcome.text, serverInfo)
        : encodeResult(request.method, outcome.text, serverInfo);
    answer.finish(200, resultFrame(request.id, result));
  };

  // Not async: each further promise on the way would cost every call a turn.
  return (exchange, servable, answer) => {
    const { endpoint, request, envelope, governed } = servable;
    const name = callName(governed, request.params.value);
    const isMirrored = governed.nameIn !== undefined && governed.nameIn !== 'ref';
    if (isMirrored && governed.hasNoHeader !== true) checkName(exchange, name);
    const call = createCall(deps, exchange, {
      kind: governed.kind,
      name,
      params: request.params,
      endpoint,
      meta: request.params.value._meta,
      peer: createPeer(envelope, answer),
      paramHeaders: governed.kind === 'tools.call' ? decodeParamHeaders(exchange) : undefined,
    });
    answer.call = call;
    const outcome = gateway.call(call);
    if (!(outcome instanceof Promise)) return finish(answer, servable, outcome);
    const waiting = slow.add(answer);
    return outcome.then(
      (value) => {
        slow.remove(waiting);
        finish(answer, servable, value);
      },
      (error: unknown) => {
        slow.remove(waiting);
        throw error;
      },
    );
  };
}
