/** Resource subscriptions of one server: one upstream subscription per URI however many listen, carried from link to link. Tasks share its listen stream. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ResourceUpdate, TaskUpdate } from '../../contracts/upstream.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';
import type { KeptLink } from './kept-link.ts';
import { createOwnRequest } from './own-request.ts';
import { createTaskListeners } from './task-listeners.ts';

/** URIs subscribed to at one server. */
const MAX_URIS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Subscriptions sent again at the same time after a reconnect. */
const PARALLEL = 8;
const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

export interface Subscriptions {
  /** Resolves when the server has accepted it. Throws GatewayError. */
  subscribe(uri: string, listener: ResourceUpdate): Promise<() => void>;
  /** Resolves when the server has agreed to tell of this task. Throws GatewayError. */
  watchTask(taskId: string, listener: TaskUpdate): Promise<() => void>;
  /** `params` of notifications/tasks. */
  deliverTask(params: JsonText | undefined): void;
  /** The link that carries them from now on: everything is subscribed there. */
  attach(kept: KeptLink): void;
  /** `params` of notifications/resources/updated. */
  deliver(params: JsonText | undefined): void;
}

interface Entry {
  readonly uri: string;
  readonly listeners: Set<{ readonly tell: ResourceUpdate }>;
  /** The link on which the server knows of this subscription. */
  on: KeptLink | undefined;
  /** Requests for one URI go one after the other, or an unsubscribe could overtake a subscribe. */
  tail: Promise<void>;
}

export function createSubscriptions(deps: { readonly serverId: string; readonly log: Log }): Subscriptions {
  const { serverId, log } = deps;
  const entries = new Map<string, Entry>();
  const tasks = createTaskListeners();
  let carrier: KeptLink | undefined;
  let pendingFilter: Promise<JsonObject> | undefined;

  const send = async (kept: KeptLink, method: string, uri: string): Promise<void> => {
    const reply = await kept.use((link) =>
      link.request(
        createOwnRequest(method, JSON.stringify({ uri }), { signal: kept.overSignal, timeoutMs: REQUEST_TIMEOUT_MS }),
      ),
    );
    if (reply.type === 'rpc-error') throw asError(reply.text);
  };

  /** Brings the server's view of one URI in line with ours. */
  const settle = async (entry: Entry): Promise<void> => {
    const kept = carrier;
    if (kept === undefined || kept.over) return;
    const isWanted = entry.listeners.size > 0;
    if (kept.link.era === 'modern') {
      const agreed = updateFilter();
      if (isWanted) await requireAgreed(agreed, 'resourceSubscriptions', entry.uri);
      return;
    }
    if (isWanted && entry.on !== kept) {
      await send(kept, 'resources/subscribe', entry.uri);
      entry.on = kept;
    } else if (!isWanted && entry.on === kept) {
      entry.on = undefined;
      await send(kept, 'resources/unsubscribe', entry.uri);
    }
  };
  const queue = (entry: Entry): Promise<void> => {
    const turn = entry.tail.then(() => settle(entry));
    entry.tail = turn
      .catch(() => {})
      .then(() => {
        if (entry.listeners.size === 0 && entry.on === undefined && entries.get(entry.uri) === entry)
          entries.delete(entry.uri);
      });
    return turn;
  };
  const quietly = (turn: Promise<void>, uri: string): Promise<void> =>
    turn.catch((error: unknown) => log.warn('a subscription could not be updated', { server: serverId, uri, error }));

  /** Several changes in one turn make one new filter. */
  const updateFilter = (): Promise<JsonObject> => {
    pendingFilter ??= Promise.resolve().then(() => {
      pendingFilter = undefined;
      if (carrier === undefined || carrier.over || carrier.link.era !== 'modern')
        throw new GatewayError('upstream_unavailable', 'the link was lost');
      return carrier.link.listen(renderFilter(carrier.link.capabilities, wantedUris(), tasks.ids()));
    });
    return pendingFilter;
  };
  /** Throws GatewayError unless the server says within the limit that it will tell of this. */
  const requireAgreed = async (
    agreed: Promise<JsonObject>,
    kind: 'resourceSubscriptions' | 'taskIds',
    id: string,
  ): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new GatewayError('upstream_timeout')), REQUEST_TIMEOUT_MS).unref();
    });
    try {
      const told = (await Promise.race([agreed, late]))[kind];
      if (Array.isArray(told) && told.includes(id)) return;
      throw kind === 'taskIds'
        ? new GatewayError('unknown_task')
        : new GatewayError('unknown_resource', undefined, { data: { uri: id } });
    } finally {
      clearTimeout(timer);
    }
  };
  const wantedUris = (): string[] => [...entries.values()].filter((e) => e.listeners.size > 0).map((e) => e.uri);

  const resend = async (): Promise<void> => {
    const rest = [...entries.values()];
    const work = async (): Promise<void> => {
      for (let entry = rest.pop(); entry !== undefined; entry = rest.pop()) await quietly(queue(entry), entry.uri);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  };

  return {
    async subscribe(uri, tell) {
      let entry = entries.get(uri);
      if (entry === undefined) {
        if (entries.size >= MAX_URIS) throw new GatewayError('too_many', 'too many subscriptions at this server');
        entry = { uri, listeners: new Set(), on: undefined, tail: Promise.resolve() };
        entries.set(uri, entry);
      }
      const mine = entry;
      const listener = { tell };
      mine.listeners.add(listener);
      const leave = (): void => {
        if (mine.listeners.delete(listener) && mine.listeners.size === 0) void quietly(queue(mine), uri);
      };
      try {
        await queue(mine);
      } catch (error) {
        mine.listeners.delete(listener);
        if (mine.listeners.size === 0) void quietly(queue(mine), uri);
        throw error;
      }
      return leave;
    },
    async watchTask(taskId, listener) {
      const remove = tasks.add(taskId, listener);
      const leave = (): void => {
        if (remove()) updateFilter().catch(() => {});
      };
      try {
        await requireAgreed(updateFilter(), 'taskIds', taskId);
      } catch (error) {
        leave();
        throw error;
      }
      return leave;
    },
    deliverTask(params) {
      if (params !== undefined) tasks.deliver(withoutSubscriptionId(params));
    },
    attach(kept) {
      if (kept === carrier) return;
      carrier = kept;
      if (kept.link.era === 'modern')
        updateFilter().catch((error: unknown) => log.debug('no changes will be told', { server: serverId, error }));
      else void resend();
    },
    deliver(params) {
      const uri = params === undefined ? undefined : parseUri(params);
      if (params === undefined || uri === undefined) return;
      const clean = withoutSubscriptionId(params);
      for (const entry of interestedIn(entries, uri))
        for (const listener of [...entry.listeners]) listener.tell(uri, clean);
    },
  };
}

/** An update may name a part of what was subscribed to (2025-11-25, resources: "may be a sub-resource"). */
function interestedIn(entries: ReadonlyMap<string, Entry>, uri: string): readonly Entry[] {
  const exact = entries.get(uri);
  if (exact !== undefined) return [exact];
  return [...entries.values()].filter((e) => uri.startsWith(e.uri.endsWith('/') ? e.uri : `${e.uri}/`));
}

function parseUri(params: JsonText): string | undefined {
  const { uri } = JSON.parse(params) as { uri?: unknown };
  return typeof uri === 'string' ? uri : undefined;
}

/** The id names our own listen stream, which means nothing to a client of ours. */
function withoutSubscriptionId(params: JsonText): JsonText {
  const meta = memberText(params, '_meta');
  if (meta?.includes(SUBSCRIPTION_ID) !== true) return params;
  const rest = withMembers(meta, { [SUBSCRIPTION_ID]: undefined });
  return withMembers(params, { _meta: rest === '{}' ? undefined : rest });
}

/** The `notifications` filter of subscriptions/listen: whatever the server can tell, and the URIs wanted. */
function renderFilter(
  capabilities: { readonly [name: string]: unknown },
  uris: readonly string[],
  taskIds: readonly string[],
): JsonText {
  const tells = (name: string): true | undefined =>
    (capabilities[name] as { listChanged?: unknown } | undefined)?.listChanged === true || undefined;
  return JSON.stringify({
    toolsListChanged: tells('tools'),
    promptsListChanged: tells('prompts'),
    resourcesListChanged: tells('resources'),
    resourceSubscriptions: uris.length > 0 ? uris : undefined,
    taskIds: taskIds.length > 0 ? taskIds : undefined,
  });
}

function asError(text: JsonText): GatewayError {
  const { code } = JSON.parse(text) as { code?: unknown };
  if (code === -32601) return new GatewayError('unknown_method');
  // -32002 is the legacy code for a missing resource, -32602 the modern one.
  return new GatewayError(code === -32002 || code === -32602 ? 'unknown_resource' : 'upstream_failed');
}
