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

/** What `notify` sends is whole frames, and only what this request opted in to (progress with a token, logs from its level up). */
export function createPeer(envelope: Envelope, channel: { precede(frame: JsonText): void }): ClientPeer {
  return new RequestPeer(envelope, channel);
}

class RequestPeer implements ClientPeer {
  readonly era = 'modern';
  readonly protocolVersion = MODERN_VERSION;
  readonly info: JsonText | undefined;
  readonly capabilities: JsonText;
  readonly session = undefined;
  readonly logLevel: LogLevel | undefined;
  readonly progressToken: JsonText | undefined;
  readonly ask = undefined;
  readonly #channel: { precede(frame: JsonText): void };

  constructor(envelope: Envelope, channel: { precede(frame: JsonText): void }) {
    this.info = envelope.info;
    this.capabilities = envelope.capabilities;
    this.logLevel = envelope.logLevel;
    this.progressToken = envelope.progressToken;
    this.#channel = channel;
  }

  notify(method: string, params: JsonText | undefined): void {
    if (this.#wants(method, params)) this.#channel.precede(notificationFrame(method, params));
  }

  #wants(method: string, params: JsonText | undefined): boolean {
    if (method === 'notifications/progress') return this.progressToken !== undefined;
    if (method === 'notifications/message')
      return this.logLevel !== undefined && levelOf(params) >= LOG_LEVELS.indexOf(this.logLevel);
    return !NOT_ON_REQUESTS.has(method);
  }
}
