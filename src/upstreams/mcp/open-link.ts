/** Opens a link: picks the transport, finds out the server's era, shakes hands, all within the configured start time. */

import type { OpenApiAuth, OpenApiTransport, ServerConfig } from '../../contracts/config.ts';
import type { Secret } from '../../contracts/secret.ts';
import type { ServerCredentials } from '../../contracts/server-credentials.ts';
import type { ToolSource } from '../../contracts/tool-source.ts';
import { JsonScanner } from '../../lib/json-scanner.ts';
import { createHttpClient, type HttpClient } from '../http/client.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { createLink } from './create-link.ts';
import { openFolderTransport } from './folder/folder-transport.ts';
import { discover, initialize, MODERN_VERSION, type Opening } from './handshake.ts';
import { openHttpLegacyTransport } from './http-legacy-transport.ts';
import { openHttpModernTransport } from './http-modern-transport.ts';
import { createHttpTarget } from './http-target.ts';
import { openInProcessTransport } from './in-process-transport.ts';
import { type Link, LinkOpenError, type LinkOptions, type OpenLink } from './link.ts';
import { createRedact, type Redact } from './redact.ts';
import type { BaseEnvironment } from './server-environment.ts';
import { createSourceServer } from './source-server.ts';
import { openSseTransport } from './sse-transport.ts';
import { openStdioTransport } from './stdio-transport.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface OpenLinkDeps {
  /** The environment we run in; a server gets only a few names of it. */
  readonly baseEnv: BaseEnvironment;
  /** Shared by all links. Default: one of its own, whose idle connections do not keep the process alive. */
  readonly http?: HttpClient;
  /** For servers that want a sign-in. */
  readonly credentials?: ServerCredentials;
  /** Makes tools of an OpenAPI document; the same source for all links of one configuration. */
  readonly openApi?: (config: ServerConfig, transport: OpenApiTransport) => ToolSource;
}

/** A modern probe that gets no answer at all may not eat the whole start time: some legacy servers just keep silent. */
const PROBE_TIMEOUT_MS = 10_000;

/** As long as a ServerFailure may be. */
const MAX_MESSAGE_CHARS = 512;

type Connect = (events: TransportEvents) => Transport;
type Refusal = Extract<Opening, { type: 'refused' }>;

/** One way to open: a transport and a handshake on it. Ways with the same `connect` share a connection. */
interface Way {
  readonly connect: Connect;
  readonly era: 'legacy' | 'modern';
  /** Only tried if the one before was refused with one of these statuses. */
  readonly afterStatus?: readonly number[];
}

interface WayOptions extends LinkOptions {
  /** One for all links. */
  readonly scanner: JsonScanner;
}

export function createOpenLink(deps: OpenLinkDeps): OpenLink {
  const http = deps.http ?? createHttpClient();
  const scanner = new JsonScanner();
  return async (options) => {
    const ways = listWays(deps, http, options);
    const redact = createRedact(secretsOf(options.config));
    if (options.signal.aborted) throw new LinkOpenError('start', 'given up', { transient: true });
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), options.config.startTimeoutMs);
    try {
      return await tryWays(ways, { ...options, scanner }, redact, AbortSignal.any([options.signal, timer.signal]));
    } catch (error) {
      if (timer.signal.aborted && !options.signal.aborted)
        throw new LinkOpenError('initialize', `not ready within ${options.config.startTimeoutMs} ms`, {
          transient: true,
          cause: error,
        });
      if (!(error instanceof LinkOpenError)) throw error;
      const { stage, transient, needsAuth, cause } = error;
      throw new LinkOpenError(stage, redact(error.message).slice(0, MAX_MESSAGE_CHARS), {
        transient,
        needsAuth,
        cause,
      });
    } finally {
      clearTimeout(timeout);
    }
  };
}

/** What to try, in order. stdio asks `initialize` first, because some servers end themselves over anything else. */
function listWays(deps: OpenLinkDeps, http: HttpClient, options: LinkOptions): Way[] {
  const { config, maxMessageBytes, log } = options;
  const { transport } = config;
  switch (transport.type) {
    case 'stdio': {
      const stdio = { config: transport, serverName: config.name, baseEnv: deps.baseEnv, maxMessageBytes, log };
      const connect: Connect = (events) => openStdioTransport(stdio, events);
      return orderEras(config, options.eraHint ?? 'legacy', () => connect);
    }
    case 'in-process': {
      const server = options.inProcess.get(transport.module);
      if (server === undefined)
        throw new LinkOpenError('start', `no in-process server is called ${transport.module}`, { transient: false });
      const connect: Connect = (events) => openInProcessTransport(server, events);
      return orderEras(config, options.eraHint ?? 'legacy', () => connect);
    }
    case 'openapi': {
      const source = deps.openApi?.(config, transport);
      if (source === undefined)
        throw new LinkOpenError('start', 'OpenAPI documents are not served here', { transient: false });
      // What is made here speaks one era, whatever the configuration asks for.
      const credential = config.credentials === 'per-user' ? deps.credentials?.of(config, options.owner) : undefined;
      const server = createSourceServer(source, credential);
      return [{ era: 'legacy', connect: (events) => openInProcessTransport(server, events) }];
    }
    case 'folder': {
      const { name: serverName, startTimeoutMs } = config;
      const folder = {
        ...{ config: transport, serverName, startTimeoutMs, baseEnv: deps.baseEnv, maxMessageBytes, log },
        version: options.identity.version,
        onProblems: options.onProblems ?? (() => {}),
      };
      return [{ era: 'modern', connect: (events) => openFolderTransport(folder, events) }];
    }
    case 'sse': {
      const credential = deps.credentials?.of(config, options.owner);
      const target = createHttpTarget(transport.url, transport.headers, options.identity, credential);
      const sse = { http, target, maxMessageBytes, log };
      return [{ era: 'legacy', connect: (events) => openSseTransport(sse, events) }];
    }
    case 'http': {
      const credential = deps.credentials?.of(config, options.owner);
      const target = createHttpTarget(transport.url, transport.headers, options.identity, credential);
      const shared = { http, target, maxMessageBytes, log, protocolVersion: MODERN_VERSION };
      const modern: Connect = (events) => openHttpModernTransport(shared, events);
      const legacy: Connect = (events) => openHttpLegacyTransport(shared, events);
      const ways = orderEras(config, options.eraHint ?? 'modern', (era) => (era === 'modern' ? modern : legacy));
      const last = ways.findLastIndex((way) => way.era === 'legacy');
      // 2025-11-25, basic/transports, "Backwards Compatibility": such a status may mean a server of 2024-11-05.
      if (last !== -1)
        ways.splice(last + 1, 0, {
          era: 'legacy',
          connect: (events) => openSseTransport(shared, events),
          afterStatus: [400, 404, 405],
        });
      return ways;
    }
  }
}

function orderEras(config: ServerConfig, first: 'legacy' | 'modern', connectFor: (era: Way['era']) => Connect): Way[] {
  const eras: Way['era'][] =
    config.protocol !== 'auto' ? [config.protocol] : first === 'modern' ? ['modern', 'legacy'] : ['legacy', 'modern'];
  return eras.map((era) => ({ era, connect: connectFor(era) }));
}

async function tryWays(ways: readonly Way[], options: WayOptions, redact: Redact, signal: AbortSignal): Promise<Link> {
  const refusals: Refusal[] = [];
  let attempt: Attempt | undefined;
  try {
    for (const [index, way] of ways.entries()) {
      if (way.afterStatus !== undefined && !way.afterStatus.includes(refusals.at(-1)?.status ?? 0)) continue;
      if (attempt?.connect !== way.connect || attempt.conversation.failure !== undefined) {
        await attempt?.conversation.close();
        attempt = beginAttempt(way.connect, options);
      }
      const opening = await openOnce(way, attempt.conversation, options, signal, ways.length - index - 1);
      if (opening.type === 'open') {
        const { conversation } = attempt;
        attempt.handOver();
        return createLink({ ...options, redact, conversation, facts: opening.facts });
      }
      refusals.push(opening);
    }
    throw summarize(refusals);
  } catch (error) {
    await attempt?.conversation.close();
    throw error;
  }
}

interface Attempt {
  readonly connect: Connect;
  readonly conversation: Conversation;
  /** From now on its loss is the keeper's concern. */
  handOver(): void;
}

function beginAttempt(connect: Connect, options: WayOptions): Attempt {
  let handedOver = false;
  const conversation = createConversation({
    log: options.log,
    scanner: options.scanner,
    connect,
    onServerMessage: options.onServerMessage,
    onLost({ stage, message }) {
      if (handedOver) options.onLost({ stage, message });
    },
  });
  return {
    connect,
    conversation,
    handOver() {
      handedOver = true;
    },
  };
}

async function openOnce(
  way: Way,
  conversation: Conversation,
  options: LinkOptions,
  signal: AbortSignal,
  waysLeft: number,
): Promise<Opening> {
  const { startTimeoutMs } = options.config;
  const isProbe = way.era === 'modern' && waysLeft > 0;
  const timeoutMs = isProbe ? Math.min(PROBE_TIMEOUT_MS, startTimeoutMs) : startTimeoutMs;
  const handshake = { conversation, identity: options.identity, capabilities: options.capabilities, signal, timeoutMs };
  try {
    return await (way.era === 'modern' ? discover(handshake) : initialize(handshake));
  } catch (error) {
    if (!(error instanceof LinkOpenError)) throw error;
    // Some legacy servers end themselves over anything before initialize: the next way starts it again.
    const diedOfProbe = isProbe && error.stage === 'start' && error.transient;
    // A guess that failed says no more than what was known before it.
    const wrongGuess = way.afterStatus !== undefined && !error.needsAuth;
    if (diedOfProbe || wrongGuess) return { type: 'refused', reason: error.message, status: undefined, error };
    throw error;
  }
}

/** One error for all that was tried: worth repeating if any of it is. */
function summarize(refusals: readonly Refusal[]): LinkOpenError {
  const message = refusals.map((refusal) => refusal.reason).join('; ');
  return new LinkOpenError('initialize', message, {
    transient: refusals.some((refusal) => refusal.error.transient),
  });
}

function secretsOf({ transport }: ServerConfig): { readonly [name: string]: Secret } {
  switch (transport.type) {
    case 'stdio':
    case 'folder':
      return transport.env;
    case 'http':
    case 'sse':
      return transport.headers;
    case 'openapi':
      return { ...transport.headers, ...authSecrets(transport.auth) };
    case 'in-process':
      return {};
  }
}

function authSecrets(auth: OpenApiAuth | undefined): { readonly [name: string]: Secret } {
  if (auth === undefined) return {};
  switch (auth.type) {
    case 'bearer':
      return { token: auth.token };
    case 'basic':
      return { password: auth.password };
    default:
      return { value: auth.value };
  }
}
