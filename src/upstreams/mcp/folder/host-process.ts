/** One process that hosts a folder of tools: started, watched while calls run in it, ended at once when a tool blocks it. */

import { fileURLToPath } from 'node:url';
import type { TransportConfig } from '../../../contracts/config.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Log } from '../../../contracts/log.ts';
import type { BaseEnvironment } from '../server-environment.ts';
import { openStdioTransport } from '../stdio-transport.ts';
import type { OutgoingRequest } from '../transport.ts';
import { type FolderReport, HOST_WORD, type HostOptions, type HostWord, PING } from './host-words.ts';

/** How long a file may hold up loading, its top-level await included. */
const MAX_LOAD_MS = 10_000;
/** The host itself gives up on an await; this much later nobody waits for the host any more. */
const LOAD_SLACK_MS = 500;

export interface HostProcessOptions {
  readonly config: Extract<TransportConfig, { type: 'folder' }>;
  readonly serverName: string;
  readonly startTimeoutMs: number;
  readonly baseEnv: BaseEnvironment;
  readonly maxMessageBytes: number;
  readonly log: Log;
  /** Files to leave out. */
  readonly skip: readonly string[];
}

export interface HostEvents {
  /** An answer or a notification of a call that is under way here. */
  onMessage(text: string, owner: number | undefined): void;
  /** A call under way here will get no answer. */
  onFailed(id: number, error: GatewayError): void;
  /** It should be replaced. */
  onWorn(reason: string): void;
  /** It is gone, after it was ready, and not because of `close`. All calls have been failed. */
  onGone(reason: string): void;
}

export type HostStart =
  | { readonly type: 'ready'; readonly report: FolderReport }
  /** `file`: the one that was being loaded; undefined: nobody knows whose fault it is. */
  | { readonly type: 'failed'; readonly file: string | undefined; readonly message: string };

export interface HostProcess {
  readonly started: Promise<HostStart>;
  readonly inFlight: number;
  send(request: OutgoingRequest): void;
  /** A message about calls, perhaps not its own. */
  notify(method: string, text: string): void;
  /** The call was answered or given up. */
  finish(id: number): void;
  /** Calls under way fail. */
  close(): Promise<void>;
}

/** What is known of a call under way. */
interface Underway {
  begun: boolean;
  yielded: boolean;
}

export function startHostProcess(options: HostProcessOptions, events: HostEvents): HostProcess {
  const { config, log } = options;
  const underway = new Map<number, Underway>();
  const { promise: started, resolve } = Promise.withResolvers<HostStart>();
  const loadTimeoutMs = Math.min(MAX_LOAD_MS, Math.ceil(options.startTimeoutMs / 8));
  let phase: 'loading' | 'ready' | 'over' = 'loading';
  let loading: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** `performance.now()` of the ping that was not answered yet. */
  let pingedMs: number | undefined;

  const end = (): void => {
    phase = 'over';
    clearTimeout(timer);
  };
  const failStart = (message: string): void => {
    end();
    resolve({ type: 'failed', file: loading, message });
    transport.kill();
  };
  const expectNextFile = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => failStart(`did not finish loading within ${loadTimeoutMs} ms and held up the process`),
      loadTimeoutMs + LOAD_SLACK_MS,
    );
  };

  const take = (word: HostWord): void => {
    switch (word.host) {
      case 'loading':
        loading = word.file;
        return expectNextFile();
      case 'ready': {
        clearTimeout(timer);
        phase = 'ready';
        const { host: _, ...report } = word;
        return resolve({ type: 'ready', report });
      }
      case 'failed':
        loading = word.file;
        return failStart(word.message);
      case 'begun': {
        const call = underway.get(word.id);
        if (call !== undefined) call.begun = true;
        return;
      }
      case 'yielded': {
        const call = underway.get(word.id);
        if (call !== undefined) call.yielded = true;
        return;
      }
      case 'pong':
        pingedMs = undefined;
        return;
      case 'worn':
        return events.onWorn(word.reason);
      case 'for':
        return events.onMessage(JSON.stringify(word.message), word.id);
    }
  };

  const transport = openStdioTransport(
    {
      config: {
        type: 'stdio',
        command: process.execPath,
        args: [
          `--max-old-space-size=${config.maxMemoryMb}`,
          '--disable-warning=ExperimentalWarning',
          '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
          fileURLToPath(new URL('./host.ts', import.meta.url)),
          JSON.stringify({ folder: config.folder, skip: options.skip, loadTimeoutMs } satisfies HostOptions),
        ],
        env: config.env,
        cwd: config.folder,
      },
      serverName: options.serverName,
      baseEnv: options.baseEnv,
      maxMessageBytes: options.maxMessageBytes,
      log,
    },
    {
      onMessage(text) {
        if (!text.startsWith(HOST_WORD)) return events.onMessage(text, undefined);
        const word = readWord(text);
        if (word !== undefined && phase !== 'over') take(word);
      },
      isWaiting: (id) => underway.has(id),
      onFailed(id, error) {
        underway.delete(id);
        events.onFailed(id, error);
      },
      onLost(failure, how) {
        const before = phase;
        if (before === 'loading') {
          end();
          resolve({ type: 'failed', file: loading, message: failure.message });
        }
        if (before !== 'ready') return;
        end();
        failAll(how?.isUnsent ?? (() => false), failure.message);
        events.onGone(failure.message);
      },
    },
  );
  if (phase === 'loading') expectNextFile();

  /** Whether a call took effect is only known of those that never reached a handler. */
  const failAll = (isUnsent: (id: number) => boolean, reason: string, culprit?: number): void => {
    for (const [id, call] of [...underway]) {
      underway.delete(id);
      const cause = new Error(reason);
      if (id === culprit) events.onFailed(id, new GatewayError('upstream_timeout', reason, { cause }));
      else if (isUnsent(id) || !call.begun)
        events.onFailed(id, new GatewayError('upstream_unavailable', undefined, { cause }));
      else events.onFailed(id, new GatewayError('outcome_unknown', undefined, { cause }));
    }
  };

  /** A handler that was begun and has not let go of the thread since is what blocks it; so is one that is all alone. */
  const findCulprit = (): number | undefined => {
    const begun = [...underway].filter(([, call]) => call.begun);
    const holding = begun.filter(([, call]) => !call.yielded);
    const [suspect, another] = holding.length > 0 ? holding : begun;
    return another === undefined ? suspect?.[0] : undefined;
  };
  const endBlocked = (): void => {
    const reason = `a tool blocked its process for more than ${config.maxBlockMs} ms, so the process was ended`;
    end();
    transport.kill();
    failAll(() => false, reason, findCulprit());
    events.onGone(reason);
  };
  /** Only while calls run: a process that nobody waits for may do what it wants. */
  const watch = (): void => {
    timer = setTimeout(
      () => {
        // If this process was held up itself, the answer is here already: it is read before the check phase of this turn.
        setImmediate(() => {
          if (phase !== 'ready') return;
          if (pingedMs !== undefined && performance.now() - pingedMs >= config.maxBlockMs) return endBlocked();
          if (underway.size === 0) {
            timer = undefined;
            return;
          }
          ping();
          watch();
        });
      },
      Math.max(10, config.maxBlockMs / 4),
    );
  };
  const ping = (): void => {
    if (pingedMs !== undefined) return;
    pingedMs = performance.now();
    transport.send({ kind: 'notification', method: 'ping', text: PING });
  };

  return {
    started,
    get inFlight() {
      return underway.size;
    },
    send(request) {
      if (phase !== 'ready') return events.onFailed(request.id, new GatewayError('upstream_unavailable'));
      underway.set(request.id, { begun: false, yielded: false });
      transport.send(request);
      if (timer !== undefined && underway.size > 1) return;
      clearTimeout(timer);
      ping();
      watch();
    },
    notify(method, text) {
      if (phase === 'ready') transport.send({ kind: 'notification', method, text });
    },
    finish(id) {
      underway.delete(id);
      transport.finish(id, false);
    },
    async close() {
      if (phase === 'loading') resolve({ type: 'failed', file: undefined, message: 'stopped' });
      end();
      failAll(() => false, 'its process was stopped');
      await transport.close();
    },
  };
}

function readWord(text: string): HostWord | undefined {
  try {
    return JSON.parse(text) as HostWord;
  } catch {
    return undefined;
  }
}
