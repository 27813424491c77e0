/** The modern client of one call, as upstreams see it: it can be told things about this call, and asked nothing. */

import type { JsonText } from '../../../contracts/json.ts';
import { type ClientPeer, LOG_LEVELS, type LogLevel } from '../../../contracts/peer.ts';
import { memberText } from '../../../lib/json-text.ts';
import type { Envelope } from './decode-message.ts';
import { MODERN_VERSION, notificationFrame } from './wire.ts';

/** These travel on a listen stream, on stdio, or from client to server: never on the stream of a request. */
const NOT_ON_REQUESTS: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/subscriptions/acknowledged',
  'notifications/roots/list_changed',
  'notifications/elicitation/complete',
  'notifications/initialized',
  'notifications/cancelled',
]);

function levelOf(params: JsonText | undefined): number {
  try {
    const text = params === undefined ? undefined : memberText(params, 'level');
    return text === undefined ? -1 : LOG_LEVELS.indexOf(JSON.parse(text) as LogLevel);
  } catch {
    return -1;
  }
}

/** `send` gets whole frames: only what this request opted in to (progress with a token, logs from its level up). */
export function createPeer(envelope: Envelope, send: (frame: JsonText) => void): ClientPeer {
  const minimum = envelope.logLevel === undefined ? undefined : LOG_LEVELS.indexOf(envelope.logLevel);

  const isWanted = (method: string, params: JsonText | undefined): boolean => {
    if (method === 'notifications/progress') return envelope.progressToken !== undefined;
    if (method === 'notifications/message') return minimum !== undefined && levelOf(params) >= minimum;
    return !NOT_ON_REQUESTS.has(method);
  };

  return {
    era: 'modern',
    protocolVersion: MODERN_VERSION,
    info: envelope.info,
    capabilities: envelope.capabilities,
    session: undefined,
    logLevel: envelope.logLevel,
    progressToken: envelope.progressToken,
    notify(method, params) {
      if (isWanted(method, params)) send(notificationFrame(method, params));
    },
    ask: undefined,
  };
}
