/** Which way a call takes to its server, by what the client and the server may say to each other in the middle of it. */

import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Era, LogLevel } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { ASKABLE } from './find-asking-tools.ts';
import type { ParkedCalls, SendAskable } from './parked-calls.ts';
import { type SendForLegacyDeps, sendForLegacy } from './send-for-legacy.ts';

/** Only these may be answered with questions (2026-07-28). */
const ASKING_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

export interface RouteCallDeps {
  readonly config: Pick<ServerConfig, 'id'>;
  readonly parked: ParkedCalls;
  /** For legacy clients, who are asked by requests. */
  readonly asking: SendForLegacyDeps;
  readonly send: SendAskable;
  /** Of the server, as far as it is known now. */
  readonly era: () => Era | undefined;
  /** The client of this call may be asked something by a legacy server. */
  readonly maySendQuestions: (request: UpstreamRequest) => boolean;
  readonly lowerLogLevel: (level: LogLevel) => void;
}

/** Same-era calls, and those in which nobody can be asked, go straight on; nothing is added to their way. */
export function createRouteCall(deps: RouteCallDeps): (request: UpstreamRequest) => Promise<UpstreamReply> {
  const { config, parked, asking, send, maySendQuestions } = deps;

  return (request) => {
    const { continues, peer } = request;
    if (continues?.type === 'parked') return parked.resume(config.id, continues.handle, request);
    const era = deps.era();
    if (request.tool?.forAskable === true && !maySendQuestions(request))
      return Promise.reject(
        new GatewayError('missing_capability', 'the server has this tool only for clients that can be asked', {
          data: { requiredCapabilities: ASKABLE },
        }),
      );
    if (peer.era === 'modern') {
      if (peer.logLevel !== undefined && era === 'legacy') deps.lowerLogLevel(peer.logLevel);
      const mayBeAsked = era !== 'modern' && ASKING_METHODS.has(request.method) && maySendQuestions(request);
      return mayBeAsked ? parked.begin(config.id, request, send) : send(request, 0);
    }
    return era === 'legacy' ? send(request, 0) : sendForLegacy(asking, request);
  };
}
