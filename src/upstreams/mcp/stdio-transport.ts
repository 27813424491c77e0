/** A server as a child process: started without a shell in its own process group, one message per line on stdin and stdout. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { TransportConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { onOneLine } from '../../lib/json-text.ts';
import { createLineSplitter, type DroppedLine, whoseAnswer } from './line-splitter.ts';
import { signalGroup } from './process-group.ts';
import { createRateBound } from './rate-bound.ts';
import { createRedact, toPrintable } from './redact.ts';
import { type BaseEnvironment, decideEnvironment } from './server-environment.ts';
import { createStderrLog } from './stderr-log.ts';
import { createStdinQueue, type StdinQueue } from './stdin-queue.ts';
import type { Outgoing, Transport, TransportEvents, TransportFailure } from './transport.ts';

const STDIN_GRACE_MS = 2_000;
const TERM_GRACE_MS = 3_000;
/** After the process is gone, its children may hold the pipes open; what they still say is not waited for longer. */
const DRAIN_MS = 500;
/** Once this much waits for a server that does not read its stdin, no more is taken. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

export interface StdioTransportOptions {
  readonly config: Extract<TransportConfig, { type: 'stdio' }>;
  readonly serverName: string;
  readonly baseEnv: BaseEnvironment;
  readonly maxMessageBytes: number;
  readonly log: Log;
}

export interface StdioTransport extends Transport {
  /** Ends the process and everything it started, at once; its loss is reported as usual. */
  kill(): void;
}

export function openStdioTransport(options: StdioTransportOptions, events: TransportEvents): StdioTransport {
  const { config, log } = options;
  const redact = createRedact(config.env);
  const stderr = createStderrLog(log, options.serverName, redact);
  const oddLines = createRateBound(20, 60_000);
  let over = false;
  let closing = false;

  const lose = (failure: TransportFailure): void => {
    if (over) return;
    over = true;
    events.onLost(failure, { isUnsent: stdin.isUnsent });
  };

  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(config.command, config.args, {
      shell: false,
      cwd: config.cwd,
      env: decideEnvironment(options.baseEnv, config.env),
      stdio: 'pipe',
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (error) {
    // Arguments no process can be started with (a NUL byte, for instance).
    events.onLost(describeStartError(config, error));
    return { cancelsByMessage: true, send() {}, finish() {}, async close() {}, kill() {} };
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });

  const onLine = (line: string): void => {
    const first = line.trimStart().charAt(0);
    if (first === '{' || first === '[') {
      events.onMessage(line, undefined);
      return;
    }
    const { pass, missed } = oddLines.admit();
    if (pass && line.trim() !== '')
      log.info('the server wrote something other than messages to stdout', {
        server: options.serverName,
        line: toPrintable(redact(line), 200),
        missed,
      });
  };
  const onDropped = (line: DroppedLine): void => {
    const owner = whoseAnswer(line);
    const limit = `larger than ${options.maxMessageBytes} bytes`;
    log.warn('a message of the server was dropped', { server: options.serverName, bytes: line.bytes, reason: limit });
    if (owner === 'notification') return;
    if (owner !== undefined) {
      events.onFailed(owner, new GatewayError('upstream_failed', `its answer is ${limit}`));
      return;
    }
    // Somebody waits for it and nobody can tell who: better an end than a hang.
    lose({ stage: 'transport', message: `the server sent a message ${limit}`, transient: true });
    void close();
  };
  const stdout = createLineSplitter(options.maxMessageBytes, onLine, onDropped);
  child.stdout.on('data', (chunk: Buffer) => {
    if (!over) stdout.push(chunk);
  });
  child.stderr.on('data', stderr.push);
  // Without these a broken pipe would be an uncaught exception; the exit tells what there is to tell.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  const onGone = (code: number | null, signal: string | null): void => {
    if (over) return;
    stdout.end();
    stderr.end();
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const said = stderr.last(400);
    lose({ stage: 'transport', message: `the server ${how}${said === '' ? '' : `: ${said}`}`, transient: true });
    if (closing || !signalGroup(child, 'SIGTERM')) return;
    setTimeout(() => signalGroup(child, 'SIGKILL'), TERM_GRACE_MS).unref();
  };
  child.once('error', (error) => {
    if (child.pid === undefined) lose(describeStartError(config, error));
  });
  child.once('exit', (code, signal) => {
    const timer = setTimeout(() => onGone(code, signal), DRAIN_MS);
    child.once('close', () => {
      clearTimeout(timer);
      onGone(code, signal);
    });
  });

  const stdin = createStdinQueue(child.stdin, MAX_QUEUED_BYTES);
  const write = (outgoing: Outgoing): void => {
    const id = outgoing.kind === 'request' ? outgoing.id : undefined;
    const done = outgoing.kind === 'request' ? undefined : outgoing.onDone;
    if (!over && stdin.push(onOneLine(outgoing.text), id, done)) return;
    if (id !== undefined) events.onFailed(id, new GatewayError('upstream_unavailable', 'it does not read its input'));
    done?.();
  };

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing = true;
    closed ??= endProcess(child, stdin, exited);
    return closed;
  };

  return {
    cancelsByMessage: true,
    send: write,
    finish: stdin.finish,
    close() {
      over = true;
      return close();
    },
    kill() {
      signalGroup(child, 'SIGKILL');
    },
  };
}

/** stdin closed, then SIGTERM, then SIGKILL; the latter two to the whole group. */
async function endProcess(
  child: ChildProcessWithoutNullStreams,
  stdin: StdinQueue,
  exited: Promise<void>,
): Promise<void> {
  if (child.pid === undefined) return;
  stdin.end();
  const within = async (ms: number): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const inTime = await Promise.race([exited.then(() => true as const), late]);
    clearTimeout(timer);
    return inTime;
  };
  await within(STDIN_GRACE_MS);
  // Also after a clean exit: wrappers leave children behind.
  const somebodyLeft = signalGroup(child, 'SIGTERM');
  if (!(await within(TERM_GRACE_MS))) {
    signalGroup(child, 'SIGKILL');
    await within(TERM_GRACE_MS);
  } else if (somebodyLeft) setTimeout(() => signalGroup(child, 'SIGKILL'), TERM_GRACE_MS).unref();
  child.stdout.destroy();
  child.stderr.destroy();
}

function describeStartError(config: { command: string; cwd: string | undefined }, error: unknown): TransportFailure {
  const code = (error as NodeJS.ErrnoException).code;
  const where = config.cwd === undefined ? '' : ` (in ${config.cwd})`;
  const reason =
    code === 'ENOENT'
      ? 'command or working folder not found'
      : code === 'EACCES'
        ? 'not executable'
        : (code ?? 'cannot be started');
  return {
    stage: 'start',
    message: `${config.command}${where}: ${reason}`,
    transient: code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM',
  };
}
