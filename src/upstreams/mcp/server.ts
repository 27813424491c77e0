/** One supervised server under one configuration: its links, its offer, its state, and the calls that go through it. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ServerCredentials } from '../../contracts/server-credentials.ts';
import type {
  Offer,
  ServerFailure,
  ServerState,
  ServerStatus,
  UpstreamReply,
  UpstreamRequest,
} from '../../contracts/upstream.ts';
import { takeTask } from './await-task.ts';
import type { CarryOver } from './carry-over.ts';
import { createClientScopes } from './client-scope.ts';
import { pause } from './clock.ts';
import { decideServerState, type Listing } from './decide-server-state.ts';
import { findAskingTools } from './find-asking-tools.ts';
import { guardCalls } from './guard-calls.ts';
import type { KeptLink, LinkDeps, LostReason } from './kept-link.ts';
import type { ServerMessage } from './link.ts';
import { createLinkPool } from './link-pool.ts';
import type { ListFailure, OfferList } from './list-offer.ts';
import { createLogLevel } from './log-level.ts';
import { createOfferKeeper } from './offer-keeper.ts';
import { refuseQuestion } from './own-request.ts';
import type { ParkedCalls } from './parked-calls.ts';
import { pingWhenIdle } from './ping-idle.ts';
import { createRateBound } from './rate-bound.ts';
import { createRouteCall } from './route-call.ts';
import { sendCall, type TaskReply } from './send-call.ts';
import { createSharedLink, DRAIN_MS } from './shared-link.ts';
import { createUserLinks } from './user-links.ts';
import { createWatching, type Watching } from './watching.ts';

/** A call that finds its server starting or reconnecting waits this long for it. */
const READY_WAIT_MS = 10_000;
/** So often in a row may a server not be reachable for listing before its link is given up. */
const UNREACHABLE_LISTINGS = 3;
/** Log messages of one server that belong to no call; what is more is dropped. */
const MAX_LOGS_PER_SECOND = 100;
const MAX_FAILURE_CHARS = 512;
const MAX_PROBLEMS = 20;

/** An instance of a server; `registry` puts another in its place when the configuration changes. */
export interface Server extends Watching {
  readonly config: ServerConfig;
  offer(): Offer | undefined;
  status(): ServerStatus;
  request(request: UpstreamRequest): Promise<UpstreamReply>;
  refresh(): Promise<void>;
  /** Sends the level in `carryOver` to every link that can be told. */
  sendLogLevel(): void;
  start(): void;
  /** From now on this instance is the one that clients see: it carries the subscriptions. */
  promote(): void;
  /** Lets calls finish for up to `drainMs`, then closes. A later call with 0 cuts that short. */
  close(drainMs: number): Promise<void>;
}

export interface ServerDeps extends LinkDeps {
  readonly carryOver: CarryOver;
  readonly maxToolsPerServer: number;
  /** A client that was asked something has this long to answer. */
  readonly questionTimeoutMs: number;
  readonly parked: ParkedCalls;
  /** Where users have credentials of their own. */
  readonly credentials?: Pick<ServerCredentials, 'connectionOf'> | undefined;
  readonly onState: () => void;
  /** `params` of a log message that belongs to no call. */
  readonly onLog: (params: JsonText) => void;
  readonly onOffer: (lists: readonly OfferList[]) => void;
}

export function createServer(deps: ServerDeps): Server {
  const { clock, config, log, carryOver } = deps;
  const scopeOf = createClientScopes();
  const logs = createRateBound(MAX_LOGS_PER_SECOND, 1_000);
  let listing: Listing = 'pending';
  let wasHealthy = false;
  let isPromoted = false;
  let state: ServerState = config.enabled ? 'starting' : 'disabled';
  let sinceMs = clock.now();
  let lastFailure: ServerFailure | undefined;
  let problems: readonly string[] = [];

  const shared = createSharedLink(deps, {
    onUp,
    onChange(failure) {
      if (shared.phase !== 'live') listing = 'pending';
      update(failure);
    },
    onMessage,
    onProblems(found, failure) {
      problems = found.slice(0, MAX_PROBLEMS).map((text) => text.slice(0, MAX_FAILURE_CHARS));
      if (failure !== undefined) update({ stage: 'transport', message: failure });
    },
  });
  const pool = createLinkPool(deps, { eraHint: () => shared.eraHint, onOpen: (kept) => logLevel.tell(kept) });
  const users =
    config.credentials === 'per-user'
      ? createUserLinks({
          ...{ deps, scopeOf, credentials: deps.credentials, onOpen: (kept) => logLevel.tell(kept) },
          era: () => shared.eraHint ?? offers.offer?.era,
        })
      : undefined;
  const logLevel = createLogLevel({
    log,
    carryOver,
    serverId: config.id,
    links: () => [...(shared.live === undefined ? [] : [shared.live]), ...pool.open(), ...(users?.open() ?? [])],
  });
  const offers = createOfferKeeper({
    config,
    maxItems: deps.maxToolsPerServer,
    clock,
    log,
    nextRevision: carryOver.nextRevision,
    live: () => shared.live,
    findMore: config.listAskingTools
      ? (known, signal) =>
          findAskingTools(deps, {
            ...{ known, signal, maxItems: deps.maxToolsPerServer },
            warn: (fault) => log.debug('left out of what clients that can be asked see', { server: config.id, fault }),
          })
      : undefined,
    onOffer: deps.onOffer,
    onListed,
  });

  function update(failure?: LostReason): void {
    if (failure !== undefined)
      lastFailure = { stage: failure.stage, message: failure.message.slice(0, MAX_FAILURE_CHARS), atMs: clock.now() };
    const { phase } = shared;
    const next = config.enabled ? decideServerState(phase, { listing, wasHealthy, before: state }) : 'disabled';
    if (next === state) return;
    state = next;
    sinceMs = clock.now();
    if (state === 'healthy') wasHealthy = true;
    log.info('server state', { server: config.id, state });
    deps.onState();
  }
  function onUp(kept: KeptLink): void {
    if (kept.link.era === 'modern') pool.clear(DRAIN_MS);
    else if (config.transport.type === 'http' || config.transport.type === 'sse')
      pingWhenIdle(clock, kept, (error) => lose(kept, 'ping', error.message, error.code === 'upstream_needs_auth'));
    if (isPromoted) carryOver.subscriptions.attach(kept);
    logLevel.tell(kept);
    void offers.list(kept);
  }
  function onListed(kept: KeptLink, failure: ListFailure | undefined, failuresInRow: number): void {
    if (kept !== shared.live) return;
    if (failure?.kind === 'credential') lose(kept, 'credential', failure.message, true);
    else if (failure?.kind === 'unreachable' && failuresInRow >= UNREACHABLE_LISTINGS)
      lose(kept, 'list', failure.message, false);
    else {
      listing = failure === undefined ? 'ok' : 'failed';
      update(failure === undefined ? undefined : { stage: 'list', message: failure.message });
    }
  }
  function lose(kept: KeptLink, stage: ServerFailure['stage'], message: string, needsAuth: boolean): void {
    shared.giveUp(kept, { stage, message }, { needsAuth });
  }
  function onMessage(kept: KeptLink, message: ServerMessage): void {
    if (message.type === 'request') {
      // The shared link declares no capabilities, so nobody may be asked anything over it.
      refuseQuestion(message);
    } else if (message.method === 'notifications/resources/updated') {
      if (isPromoted) carryOver.subscriptions.deliver(message.params);
    } else if (message.method === 'notifications/tasks') {
      if (isPromoted) carryOver.subscriptions.deliverTask(message.params);
    } else if (message.method === 'notifications/message') {
      // Where users have links of their own, this one may be of one of them.
      const isForAll = isPromoted && users === undefined;
      if (isForAll && message.params !== undefined && logs.admit().pass) deps.onLog(message.params);
    } else if (/^notifications\/(tools|prompts|resources)\/list_changed$/.test(message.method)) offers.changed(kept);
  }

  const refuseDisabled = (): void => {
    if (!config.enabled) throw new GatewayError('upstream_unavailable', `server "${config.id}" is in state disabled`);
  };
  const liveForWatching = (): Promise<KeptLink> => {
    refuseDisabled();
    return whenLive(Number.POSITIVE_INFINITY);
  };
  function ready(request: UpstreamRequest): KeptLink | undefined {
    if (users !== undefined) return users.ready(request);
    const { live } = shared;
    if (live === undefined) return undefined;
    const scope = live.link.era === 'legacy' ? scopeOf(request.keyId, request.peer) : undefined;
    return scope === undefined ? live : pool.ready(scope, request.peer.session);
  }
  async function acquire(request: UpstreamRequest, deadlineTicks: number): Promise<KeptLink> {
    refuseDisabled();
    if (users !== undefined) return users.acquire(request, deadlineTicks);
    const era = shared.live?.link.era ?? offers.offer?.era ?? (await whenLive(deadlineTicks, request.signal)).link.era;
    const isDown = shared.phase !== 'live' && shared.phase !== 'connecting';
    const scope = era === 'legacy' && !isDown ? scopeOf(request.keyId, request.peer) : undefined;
    if (scope !== undefined)
      return pool.acquire(scope, request.peer.session, deadlineTicks - clock.ticks(), request.signal);
    const kept = await whenLive(deadlineTicks, request.signal);
    kept.hold();
    return kept;
  }
  function whenLive(deadlineTicks: number, signal?: CallSignal): Promise<KeptLink> {
    return shared.whenLive(Math.min(deadlineTicks - clock.ticks(), READY_WAIT_MS), signal);
  }
  const waiting = { clock, questionTimeoutMs: deps.questionTimeoutMs };
  const callDeps = {
    clock,
    callTimeoutMs: config.callTimeoutMs,
    ready,
    acquire,
    onDoubt(kept: KeptLink) {
      if (kept === shared.live) offers.check(kept);
    },
    // The call that waits for the task has passed the bounds already: what is asked about it stands within them.
    onTask: (request: UpstreamRequest, task: TaskReply): UpstreamReply | Promise<UpstreamReply> =>
      takeTask({ ...waiting, send: (next) => sendCall(callDeps, next) }, request, task),
  };

  const calls = guardCalls(
    {
      clock,
      onOpen(failures, last) {
        const message = `${failures} calls in a row failed, the last with ${last ?? 'an unknown error'}`;
        lastFailure = { stage: 'call', message, atMs: clock.now() };
        log.warn('the circuit is open: calls are refused', { server: config.id, failures, last });
      },
      onChange: deps.onState,
    },
    config,
    (request, extraMs) =>
      sendCall(extraMs === 0 ? callDeps : { ...callDeps, callTimeoutMs: config.callTimeoutMs + extraMs }, request),
  );
  const request = createRouteCall({
    config,
    parked: deps.parked,
    asking: { ...waiting, send: (next) => calls.send(next, 0) },
    send: calls.send,
    era: () => (users === undefined ? shared.live?.link.era : users.era()),
    maySendQuestions: ({ keyId, peer }) => scopeOf(keyId, peer) !== undefined,
    lowerLogLevel: logLevel.lower,
  });

  return {
    config,
    offer: () => offers.offer,
    status() {
      const { offer } = offers;
      const link = shared.live?.link;
      return {
        id: config.id,
        state,
        sinceMs,
        transport: config.transport.type,
        era: link?.era ?? offer?.era,
        protocolVersion: link?.protocolVersion ?? offer?.protocolVersion,
        lastFailure,
        problems,
        restarts: shared.restarts,
        tools: offer?.tools.length ?? 0,
        prompts: offer?.prompts.length ?? 0,
        resources: (offer?.resources.length ?? 0) + (offer?.templates.length ?? 0),
        ...calls.status(),
      };
    },
    request,
    ...createWatching({ config, subscriptions: carryOver.subscriptions, ready: liveForWatching }),
    async refresh() {
      refuseDisabled();
      await pause(clock, READY_WAIT_MS, { sooner: shared.retryNow() });
      const kept = await whenLive(Number.POSITIVE_INFINITY);
      const failure = await offers.list(kept);
      if (failure === undefined) return;
      // Perhaps only this link is at fault: try another one, and keep this one unless the other does better.
      const isMended = await shared.replace(async (fresh) => (await offers.list(fresh)) === undefined);
      if (!isMended) throw new GatewayError('upstream_failed', `server "${config.id}" could not be listed`);
      listing = 'ok';
      update();
    },
    sendLogLevel: logLevel.send,
    start() {
      if (config.enabled) void shared.retryNow();
    },
    promote() {
      isPromoted = true;
      if (shared.live !== undefined) carryOver.subscriptions.attach(shared.live);
    },
    async close(drainMs) {
      offers.stop();
      await Promise.all([shared.close(drainMs), pool.close(drainMs), users?.close(drainMs)]);
    },
  };
}
