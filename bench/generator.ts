/**
 * Load generator, a process of its own that stays: one job per line on stdin, one report per line on stdout. Constant rate
 * in an open loop (a slow answer does not slow the sending down), or as fast as it can. HTTP/1.1 over node:net, bytes
 * nearly ready-made, so that it costs little beside what it measures.
 */

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Answer, createAnswerReader } from './harness/answer-reader.ts';
import { dueAfter, intendedMs } from './harness/pacing.ts';
import { quantile } from './harness/statistics.ts';

export interface Job {
  readonly port: number;
  /** Request line and headers, without Content-Length and the blank line. */
  readonly head: string;
  /** ASCII. Every `@ID@` becomes the running number. */
  readonly body: string;
  /** What `@VALUE@` in the head stands for, in turn: sessions, keys. */
  readonly values?: readonly string[];
  /** False where answers carry no JSON-RPC id (mcp-hub's own interface). */
  readonly checkId?: boolean;
  /** What a right answer contains; default `"result":`. */
  readonly mark?: string;
  readonly connections: number;
  /** Requests per second; 0: each connection sends again as soon as it has its answer. */
  readonly rate: number;
  readonly requests: number;
  /** The job ends by then, answered or not. */
  readonly maxSeconds: number;
}

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Report {
  readonly answered: number;
  /** Wrong or broken answers. */
  readonly failed: number;
  /** Not answered in time, unsent ones included: the server cannot hold the rate. */
  readonly unanswered: number;
  readonly seconds: number;
  /** Milliseconds from the send; from the intended moment where it had to wait for a free connection. */
  readonly latencyMs: Latency;
  /** How late the generator itself was, 99th percentile. Beyond 2 ms the run tells more about the generator. */
  readonly lateP99Ms: number;
  /** First unexpected answer, for the reader. */
  readonly firstFailure: string | undefined;
  /** What the server says it spent, from `Server-Timing`: milliseconds by phase, medians. */
  readonly phasesP50Ms: { readonly [phase: string]: number };
  readonly connectionsLost: number;
}

/** setInterval is no finer; up to this late a request counts from when it was really sent. */
const TIMER_GRAIN_MS = 2;
const READ_BYTES = 64 * 1_024;
const MAX_PHASE_SAMPLES = 100_000;

interface Line {
  socket: Socket;
  startMs: number;
  id: string;
  busy: boolean;
}

let lastId = 0;

async function run(job: Job): Promise<Report> {
  const { requests, values = [] } = job;
  const latencies = new Float64Array(requests);
  const lateness: number[] = [];
  const phases = new Map<string, number[]>();
  const bodyParts = job.body.split('@ID@');
  const headParts = job.head.split('@VALUE@');
  const bodyLength = job.body.length - (bodyParts.length - 1) * '@ID@'.length;
  const idle: Line[] = [];
  const lines = new Set<Line>();
  /** Intended moments of requests for which no connection was free, oldest first. */
  const waiting: number[] = [];
  let waitingFrom = 0;
  let sent = 0;
  let answered = 0;
  let failed = 0;
  let connectionsLost = 0;
  let firstFailure: string | undefined;
  let isOver = false;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const send = (line: Line, startMs: number): void => {
    line.id = String(++lastId);
    line.busy = true;
    line.startMs = startMs;
    const value = values.length === 0 ? '' : (values[sent % values.length] ?? '');
    sent++;
    const head = headParts.length === 1 ? job.head : headParts.join(value);
    const length = bodyLength + (bodyParts.length - 1) * line.id.length;
    line.socket.write(`${head}content-length: ${length}\r\n\r\n${bodyParts.join(line.id)}`, 'latin1');
  };

  const notePhases = (header: string): void => {
    for (const [, name = '', dur] of header.matchAll(/([\w-]+);[^,]*?dur=([\d.]+)/g)) {
      const samples = phases.get(name) ?? [];
      if (samples.length < MAX_PHASE_SAMPLES) samples.push(Number(dur));
      phases.set(name, samples);
    }
  };

  const next = (line: Line): void => {
    if (answered + failed >= requests) return finish();
    if (isOver || line.socket.destroyed) return;
    const intendedMs = waiting[waitingFrom];
    if (intendedMs !== undefined) {
      waitingFrom++;
      send(line, intendedMs);
    } else if (job.rate === 0 && sent < requests) send(line, performance.now());
    else idle.push(line);
  };

  const fail = (why: string): void => {
    failed++;
    firstFailure ??= why.slice(0, 400);
  };

  const onAnswer = (line: Line, answer: Answer): void => {
    if (!line.busy) return;
    line.busy = false;
    const isRight = answer.ok && (job.checkId === false || answer.hasId(line.id));
    if (isRight) latencies[answered++] = performance.now() - line.startMs;
    else fail(answer.excerpt());
    if (answer.serverTiming !== undefined) notePhases(answer.serverTiming);
    next(line);
  };

  const openLine = (): Promise<Line> =>
    new Promise((resolve, reject) => {
      const read = createAnswerReader((answer) => onAnswer(line, answer), job.mark);
      const socket = connect({
        port: job.port,
        host: '127.0.0.1',
        noDelay: true,
        // Reads past the streams, into one buffer: half the cost of a request.
        onread: {
          buffer: Buffer.allocUnsafeSlow(READ_BYTES),
          callback(bytes, buffer) {
            read(buffer.subarray(0, bytes) as Buffer);
            return true;
          },
        },
      });
      const line: Line = { socket, startMs: 0, id: '', busy: false };
      lines.add(line);
      socket.once('connect', () => resolve(line));
      socket.on('error', reject);
      socket.on('close', () => {
        lines.delete(line);
        const at = idle.indexOf(line);
        if (at !== -1) idle.splice(at, 1);
        if (isOver) return;
        connectionsLost++;
        if (line.busy) fail('the connection was closed');
        line.busy = false;
        openLine().then(next, () => {});
      });
    });
  const ready = await Promise.all(Array.from({ length: job.connections }, openLine));

  const deadline = setTimeout(finish, job.maxSeconds * 1_000);
  const startedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  if (job.rate === 0) {
    for (const line of ready) if (sent < requests) send(line, performance.now());
  } else {
    idle.push(...ready);
    let due = 0;
    timer = setInterval(() => {
      const nowMs = performance.now();
      const target = Math.min(requests, dueAfter(nowMs - startedMs, job.rate));
      while (due < target) {
        const dueMs = startedMs + intendedMs(due++, job.rate);
        const lateMs = nowMs - dueMs;
        lateness.push(lateMs);
        const line = idle.pop();
        if (line === undefined) waiting.push(dueMs);
        else send(line, lateMs > TIMER_GRAIN_MS ? dueMs : performance.now());
      }
    }, 1);
  }
  await finished;
  isOver = true;
  clearInterval(timer);
  clearTimeout(deadline);
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const line of lines) line.socket.destroy();
  const sorted = latencies.subarray(0, answered).sort();
  return {
    answered,
    failed,
    unanswered: requests - answered - failed,
    seconds,
    latencyMs: {
      p50: quantile(sorted, 0.5),
      p90: quantile(sorted, 0.9),
      p99: quantile(sorted, 0.99),
      p999: quantile(sorted, 0.999),
      max: quantile(sorted, 1),
    },
    lateP99Ms: quantile(Float64Array.from(lateness).sort(), 0.99),
    firstFailure,
    phasesP50Ms: Object.fromEntries(
      [...phases].map(([phase, samples]) => [phase, quantile(Float64Array.from(samples).sort(), 0.5)]),
    ),
    connectionsLost,
  };
}

if (import.meta.main) {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Job))}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
    }
  }
}
