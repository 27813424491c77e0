/** The one `subscriptions/listen` stream of a modern link: kept open, replaced without a gap, opened again when it breaks. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Conversation } from './conversation.ts';
import { parseJson } from './json-rpc.ts';
import type { ServerMessage } from './link.ts';
import { stripOwnMeta } from './own-keys.ts';
import { SUBSCRIPTION_ID_KEY } from './request-meta.ts';

export interface ListenDeps {
  readonly conversation: Conversation;
  readonly log: Log;
  /** Writes the modern `_meta` of a request of our own. */
  readonly writeParams: (params: JsonText) => JsonText;
  readonly onServerMessage: (message: ServerMessage) => void;
}

export interface Listening {
  /**
   * Opens a stream with this filter; the one before ends once the new one is acknowledged. Resolves with the
   * `notifications` the server agreed to, perhaps those of a later filter; rejects if it does not let us listen.
   */
  start(notifications: JsonText): Promise<JsonObject>;
  stop(): void;
}

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const LISTS: { readonly [flag: string]: string } = {
  toolsListChanged: 'notifications/tools/list_changed',
  promptsListChanged: 'notifications/prompts/list_changed',
  resourcesListChanged: 'notifications/resources/list_changed',
};

export function createListening(deps: ListenDeps): Listening {
  let current: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waiting: PromiseWithResolvers<JsonObject> | undefined;

  const open = (notifications: JsonText, attempt: number, isReplacement: boolean): void => {
    const before = current;
    const controller = new AbortController();
    current = controller;
    let failures = attempt;
    const { conversation } = deps;

    const onNotification = (method: string, params: JsonText | undefined, value: object): void => {
      if (method !== ACKNOWLEDGED) {
        // The subscription's id means something only between this server and us.
        const shown = params === undefined ? undefined : stripOwnMeta(params, value as never, SUBSCRIPTION_ID_KEY);
        deps.onServerMessage({ type: 'notification', method, params: shown });
        return;
      }
      before?.abort();
      if (current === controller) {
        const { notifications: agreed } = value as { notifications?: unknown };
        waiting?.resolve(isObject(agreed) ? agreed : {});
        waiting = undefined;
      }
      // What changed while no stream was open was told to nobody.
      if (failures > 0 && !isReplacement) announceLists(notifications, deps.onServerMessage);
      failures = 0;
    };
    const again = (reason: unknown): void => {
      before?.abort();
      if (current !== controller || conversation.failure !== undefined) return;
      const wait = backoffMs(failures, { firstMs: 1_000, maxMs: 30_000 }, Math.random);
      deps.log.debug('the listen stream ended, opening it again', { reason, waitMs: wait });
      timer = setTimeout(() => {
        if (current === controller) open(notifications, failures + 1, false);
      }, wait).unref();
    };
    conversation
      .request({
        id: conversation.nextId(),
        method: 'subscriptions/listen',
        params: deps.writeParams(`{"notifications":${notifications}}`),
        peer: undefined,
        keyId: undefined,
        signal: controller.signal,
        timeoutMs: undefined,
        onNotification,
      })
      .then((reply) => {
        if (reply.type === 'result') return again('ended by the server');
        before?.abort();
        if (current === controller) refuse('the server does not let us listen for changes');
        deps.log.info('the server does not let us listen for changes', { error: reply.text.slice(0, 200) });
      }, again);
  };

  const refuse = (why: string): void => {
    waiting?.reject(new GatewayError('upstream_unavailable', why));
    waiting = undefined;
  };

  return {
    start(notifications) {
      clearTimeout(timer);
      waiting ??= Promise.withResolvers();
      const { promise } = waiting;
      // Not everybody who starts it waits for it.
      promise.catch(() => {});
      open(notifications, 0, current !== undefined);
      return promise;
    },
    stop() {
      clearTimeout(timer);
      current?.abort();
      current = undefined;
      refuse('the link is over');
    },
  };
}

function announceLists(notifications: JsonText, tell: (message: ServerMessage) => void): void {
  const filter = parseJson(notifications);
  if (!isObject(filter)) return;
  for (const [flag, method] of Object.entries(LISTS))
    if (filter[flag] === true) tell({ type: 'notification', method, params: undefined });
}
