/** All servers that run: brings them to a new configuration without dropping a call, and says what changes. */

import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { ServerCredentials } from '../../contracts/server-credentials.ts';
import type { ServerEvent, ServerRegistry, UpstreamServer } from '../../contracts/upstream.ts';
import { type Clock, createSystemClock } from './clock.ts';
import type { InProcessServer, OpenLink } from './link.ts';
import { createParkedCalls, type ParkedLimits } from './parked-calls.ts';
import { createServerSlot, type ServerSlot } from './server-slot.ts';

export interface ServerRegistryDeps {
  readonly openLink: OpenLink;
  readonly log: Log;
  /** Our `clientInfo`. */
  readonly identity: { readonly name: string; readonly version: string };
  readonly limits: { readonly maxMessageBytes: number; readonly maxToolsPerServer: number } & ParkedLimits;
  readonly inProcess: ReadonlyMap<string, InProcessServer>;
  /** Where users have credentials of their own. */
  readonly credentials?: Pick<ServerCredentials, 'connectionOf'>;
  /** Wall clock, epoch milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
  /** Timers, for tests. Default: the system's. */
  readonly clock?: Clock;
}

/** Starts with no servers; `apply` brings them. */
export function createServerRegistry(deps: ServerRegistryDeps): ServerRegistry {
  const base = deps.clock ?? createSystemClock();
  const clock: Clock = { ...base, now: deps.now ?? base.now, random: deps.random ?? base.random };
  const parked = createParkedCalls({ clock, log: deps.log, limits: deps.limits });
  const listeners = new Set<(event: ServerEvent) => void>();
  const retiring = new Map<ServerSlot, Promise<void>>();
  let slots = new Map<string, ServerSlot>();
  let view: ReadonlyMap<string, UpstreamServer> = new Map();
  let isClosed = false;

  const emit = (event: ServerEvent): void => {
    if (isClosed) return;
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        deps.log.error('a listener failed', { event: event.type, server: event.serverId, error });
      }
    }
  };
  const addSlot = (config: ServerConfig): ServerSlot =>
    createServerSlot(
      {
        openLink: deps.openLink,
        identity: deps.identity,
        maxMessageBytes: deps.limits.maxMessageBytes,
        maxToolsPerServer: deps.limits.maxToolsPerServer,
        questionTimeoutMs: deps.limits.questionTimeoutMs,
        parked,
        inProcess: deps.inProcess,
        clock,
        log: deps.log,
        emit,
        credentials: deps.credentials,
      },
      config,
    );
  const retire = (slot: ServerSlot): void => {
    retiring.set(
      slot,
      slot.retire().then(() => void retiring.delete(slot)),
    );
  };

  return {
    current: () => view,
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async apply(servers) {
      if (isClosed) throw new GatewayError('internal', 'the servers are being closed');
      const before = slots;
      const wanted = new Map(servers.map((config) => [config.id, config]));
      const added: ServerSlot[] = [];
      slots = new Map();
      for (const config of wanted.values()) {
        const slot = before.get(config.id) ?? addSlot(config);
        slots.set(config.id, slot);
        if (!before.has(config.id)) added.push(slot);
      }
      // The new view stands before anybody is told anything.
      view = new Map([...slots].map(([id, slot]) => [id, slot.server]));
      for (const slot of added) slot.start();
      for (const config of wanted.values()) slots.get(config.id)?.configure(config);
      for (const [id, slot] of before) if (!slots.has(id)) retire(slot);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      view = new Map();
      const open = [...slots.values(), ...retiring.keys()];
      slots = new Map();
      parked.close();
      await Promise.all(open.map((slot) => slot.close()));
    },
  };
}
