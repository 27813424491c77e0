/**
 * A folder of tools as a server of 2026-07-28: answers lists itself, hands calls to the process that hosts the tools, and
 * puts a fresh process in its place when files change or the old one is gone, without the link noticing.
 */

import type { TransportConfig } from '../../../contracts/config.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { MODERN_VERSION } from '../handshake.ts';
import { encodeNotification, parseJson } from '../json-rpc.ts';
import type { OnProblems } from '../link.ts';
import { createRateBound } from '../rate-bound.ts';
import { SERVER_INFO_KEY, SUBSCRIPTION_ID_KEY } from '../request-meta.ts';
import type { OutgoingRequest, Transport, TransportEvents } from '../transport.ts';
import type { HostProcess, HostProcessOptions } from './host-process.ts';
import type { FolderReport } from './host-words.ts';
import { type Generation, startGeneration } from './start-generation.ts';
import { watchFolder } from './watch-folder.ts';

export interface FolderTransportOptions extends Omit<HostProcessOptions, 'skip'> {
  readonly config: Extract<TransportConfig, { type: 'folder' }>;
  readonly version: string;
  /** Told with every listing, and when there is something new. */
  readonly onProblems: OnProblems;
}

/** Calls that wait for a new process. */
const MAX_WAITING = 1_000;
/** Calls under way in a process that was replaced may take so much longer. */
const DRAIN_MS = 30_000;
/** Replaced processes that still finish calls; the oldest goes when there is one more. */
const MAX_OLD = 3;
/** Beyond this the supervision of servers takes over, with its growing waits. */
const RESTARTS = { most: 5, windowMs: 60_000 };
const MAX_LOGGED = 20;

export function openFolderTransport(options: FolderTransportOptions, events: TransportEvents): Transport {
  const { config, log, serverName } = options;
  const stopping = new AbortController();
  const restarts = createRateBound(RESTARTS.most, RESTARTS.windowMs);
  /** Where each call under way is. */
  const homes = new Map<number, HostProcess>();
  const waiting = new Map<number, OutgoingRequest>();
  const subscriptions = new Set<number>();
  const discovering = new Set<number>();
  const old = new Map<HostProcess, NodeJS.Timeout>();
  const closing = new Set<Promise<void>>();
  let current: Generation | undefined;
  /** Of the process that serves, or served last. */
  let report: FolderReport | undefined;
  let known: { readonly [path: string]: string } = {};
  let problems: readonly string[] = [];
  /** The problems there were before the folder could not be read. */
  let readable: readonly string[] = [];
  let replacing: Promise<void> | undefined;
  let starting: HostProcess | undefined;
  let isOver = false;

  const reply = (id: number, result: object): void =>
    events.onMessage(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }), undefined);
  const notify = (method: string, subscription: number, params: object): void =>
    events.onMessage(
      encodeNotification(method, JSON.stringify({ ...params, _meta: { [SUBSCRIPTION_ID_KEY]: subscription } })),
      undefined,
    );

  const end = (host: HostProcess): void => {
    clearTimeout(old.get(host));
    old.delete(host);
    const done = host.close().finally(() => closing.delete(done));
    closing.add(done);
  };
  const retire = (host: HostProcess): void => {
    if (host.inFlight === 0) return end(host);
    old.set(host, setTimeout(() => end(host), DRAIN_MS).unref());
    const [oldest] = old.keys();
    if (old.size > MAX_OLD && oldest !== undefined) end(oldest);
  };
  const lose = (message: string): void => {
    if (isOver) return;
    isOver = true;
    stopping.abort();
    for (const id of [...waiting.keys()]) failWaiting(id);
    // What runs in processes that were replaced may still be answered until the link is closed.
    events.onLost(
      { stage: report === undefined ? 'start' : 'transport', message, transient: true },
      { sparesInFlight: report !== undefined },
    );
  };
  const failWaiting = (id: number): void => {
    if (waiting.delete(id)) events.onFailed(id, new GatewayError('upstream_unavailable'));
  };

  const start = (): ReturnType<typeof startGeneration> =>
    startGeneration(options, {
      isOver: () => isOver,
      onStarting(host) {
        starting = host;
      },
      onMessage: events.onMessage,
      onFailed(id, error) {
        homes.delete(id);
        events.onFailed(id, error);
      },
      onWorn(host, reason) {
        if (current?.host !== host || isOver) return;
        log.warn('the process of hosted tools is replaced', { server: serverName, reason });
        if (restarts.admit().pass) void replace(true);
      },
      onGone(host, reason) {
        if (current?.host === host) onGone(reason);
        else if (old.has(host)) end(host);
      },
    });

  const adopt = (next: Generation): void => {
    const before = current;
    const tools = JSON.stringify(next.report.tools);
    const isChanged = report !== undefined && JSON.stringify(report.tools) !== tools;
    current = next;
    report = next.report;
    known = next.report.seen;
    log.info('hosted tools are loaded', {
      server: serverName,
      tools: report.tools.length,
      files: report.working.length,
    });
    setProblems(next.report.problems.map(({ file, message }) => `${file}: ${message}`));
    for (const id of discovering) answerDiscover(id);
    for (const request of [...waiting.values()]) {
      waiting.delete(request.id);
      call(next.host, request);
    }
    if (before !== undefined) retire(before.host);
    if (isChanged) for (const id of subscriptions) notify('notifications/tools/list_changed', id, {});
  };
  const setProblems = (next: readonly string[], failure?: string): void => {
    for (const problem of next.slice(0, MAX_LOGGED))
      if (!problems.includes(problem)) log.warn(`hosted tools: ${problem}`, { server: serverName });
    problems = next;
    options.onProblems(problems, failure);
  };

  /** One at a time. `mayHoldBack`: what serves now stays if a file that works in it does not work any more. */
  const replace = (mayHoldBack: boolean): Promise<void> => {
    replacing ??= replaceNow(mayHoldBack).finally(() => {
      replacing = undefined;
    });
    return replacing;
  };
  const replaceNow = async (mayHoldBack: boolean): Promise<void> => {
    const next = await start();
    if (isOver) {
      if ('host' in next) end(next.host);
      return;
    }
    if ('failure' in next) {
      if (current === undefined) return lose(next.failure);
      return setProblems([
        `the changed folder cannot be loaded, what was loaded before stays in force: ${next.failure}`,
      ]);
    }
    // Files that work in what serves now, are still there, and do not work any more.
    const working = mayHoldBack && current !== undefined ? current.report.working : [];
    const broken = next.report.problems.filter(({ file }) => working.includes(file));
    if (broken.length === 0) return adopt(next);
    known = next.report.seen;
    end(next.host);
    setProblems(
      broken.map(
        ({ file, message }) => `${file}: ${message} - what was loaded before stays in force until this is mended`,
      ),
    );
  };

  const onGone = (reason: string): void => {
    current = undefined;
    if (isOver) return;
    log.warn('the process of hosted tools ended', { server: serverName, reason });
    options.onProblems(problems, reason);
    if (replacing !== undefined) return;
    if (restarts.admit().pass) void replace(false);
    else lose(reason);
  };

  const call = (host: HostProcess, request: OutgoingRequest): void => {
    homes.set(request.id, host);
    host.send(request);
  };
  const answerDiscover = (id: number): void => {
    discovering.delete(id);
    const info = { name: 'portcullis-hosted-tools', version: options.version };
    reply(id, {
      supportedVersions: [MODERN_VERSION],
      capabilities: { tools: { listChanged: true }, logging: {} },
      _meta: { [SERVER_INFO_KEY]: info },
    });
  };
  const request = (outgoing: OutgoingRequest): void => {
    const { id, method } = outgoing;
    switch (method) {
      case 'server/discover':
        if (report === undefined) discovering.add(id);
        else answerDiscover(id);
        return;
      case 'tools/list':
        reply(id, { tools: report?.tools ?? [] });
        options.onProblems(problems, undefined);
        return;
      case 'ping':
        return reply(id, {});
      case 'subscriptions/listen':
        subscriptions.add(id);
        return notify('notifications/subscriptions/acknowledged', id, { notifications: { toolsListChanged: true } });
      case 'tools/call':
        if (current !== undefined) return call(current.host, outgoing);
        if (isOver || waiting.size >= MAX_WAITING) return events.onFailed(id, new GatewayError('upstream_unavailable'));
        waiting.set(id, outgoing);
        return;
      default:
        events.onMessage(
          JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }),
          undefined,
        );
    }
  };

  void replace(false);
  watchFolder({
    folder: config.folder,
    known: () => known,
    async onChange(seen) {
      // What is being loaded now may be just this: the next look will tell.
      if (replacing !== undefined) return replacing;
      if (current === undefined || isOver) return;
      known = seen;
      await replace(true);
    },
    onUnreadable(message) {
      if (message === undefined) return setProblems(readable);
      readable = problems;
      setProblems([`the folder cannot be read, what was loaded before stays in force: ${message}`]);
    },
    signal: stopping.signal,
  }).catch((error: unknown) => log.error('a folder of tools is not watched any more', { server: serverName, error }));

  return {
    cancelsByMessage: true,
    send(outgoing) {
      if (outgoing.kind === 'request') return request(outgoing);
      if (outgoing.method === 'notifications/cancelled') {
        const message = parseJson(outgoing.text) as { readonly params?: { readonly requestId?: number } } | undefined;
        homes.get(message?.params?.requestId ?? -1)?.notify(outgoing.method, outgoing.text);
      }
      outgoing.onDone?.();
    },
    finish(id) {
      waiting.delete(id);
      subscriptions.delete(id);
      discovering.delete(id);
      const host = homes.get(id);
      if (host === undefined) return;
      homes.delete(id);
      host.finish(id);
      if (host.inFlight === 0 && old.has(host)) end(host);
    },
    async close() {
      isOver = true;
      stopping.abort();
      for (const host of [...old.keys()]) end(host);
      if (current !== undefined) end(current.host);
      await Promise.all([starting?.close(), replacing, ...closing]);
      await Promise.all(closing);
    },
  };
}
