/** The claim about what only waits: ten thousand idle sessions and two thousand live streams fit, and calls are still answered. */

import { connect, type Socket } from 'node:net';
import type { Gateway } from '../../harness/gateway.ts';
import type { HeapReading } from '../../harness/heap-probe.ts';
import type { Lab } from '../../harness/lab.ts';
import { LEGACY, legacyCall, openSessions } from '../../harness/requests.ts';
import { cpuMicros, memoryMb } from '../../harness/usage.ts';
import type { StreamLoadFigures } from '../../stream-load.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from '../scenario.ts';
import type { IdleFull } from './figures.ts';
import { governed, NAMED_MODEL } from './governed.ts';

interface Size {
  readonly keys: number;
  readonly perKey: number;
  readonly listening: number;
  /** Live chat streams; 0: none. */
  readonly streams: number;
}

const FULL: Size = { keys: 10, perKey: 1_000, listening: 1_000, streams: 2_000 };
/** What CI can afford, for memory per session alone. */
const SMALL: Size = { keys: 2, perKey: 500, listening: 200, streams: 0 };
/** Sessions of a first look at what one costs, which compiles and fills what all share. */
const WARM_SESSIONS = 50;
const CHUNKS = 40;
const EVERY_MS = 250;
/** One stream's length until all have begun, then the calls, then they end. */
const CALL_RATE = 200;
const CALL_SECONDS = { short: 8, long: 20 };
const STREAM_SLACK_SECONDS = 4;
const LISTEN_LIMIT_MS = 20_000;

const heapMb = ({ heapMb, externalMb }: HeapReading): number => heapMb + externalMb;
const kbEach = (before: HeapReading, after: HeapReading, count: number): number =>
  (1_024 * (heapMb(after) - heapMb(before))) / count;

/** Opens the stream on which a session's client listens; resolves when its head is there. */
function listen(port: number, key: string, session: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = ['accept: text/event-stream', `authorization: Bearer ${key}`, `mcp-session-id: ${session}`];
    const lines = ['GET /mcp HTTP/1.1', `host: 127.0.0.1:${port}`, ...headers, `mcp-protocol-version: ${LEGACY}`];
    const socket = connect({ port, host: '127.0.0.1' }, () => void socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.setTimeout(LISTEN_LIMIT_MS, () => reject(new Error('a stream of a session has no beginning')));
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      socket.setTimeout(0);
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) resolve(socket);
      else reject(new Error(`a session has no stream: ${chunk.toString('latin1').slice(0, 300)}`));
    });
  });
}

/** All streams at once, and calls in the sessions beside them. */
async function fill(
  lab: Lab,
  gateway: Gateway,
  key: string,
  sessions: readonly string[],
  size: Size,
): Promise<IdleFull> {
  const seconds = lab.options.isShort ? CALL_SECONDS.short : CALL_SECONDS.long;
  const rampSeconds = (CHUNKS * EVERY_MS) / 1_000;
  const flags = ['--url', `http://127.0.0.1:${gateway.port}`, '--key', key, '--model', NAMED_MODEL];
  const amount = ['--streams', String(size.streams), '--seconds', String(rampSeconds + seconds + STREAM_SLACK_SECONDS)];
  const pace = ['--chunks', String(CHUNKS), '--every', String(EVERY_MS)];
  const streaming = lab.runGenerator('stream-load.ts', [...flags, ...amount, ...pace]);
  const calling = async () => {
    await new Promise((resolve) => setTimeout(resolve, (rampSeconds + 1) * 1_000));
    const before = cpuMicros(gateway.pids);
    const startedMs = performance.now();
    const shape = { ...legacyCall({ port: gateway.port, key }, EXPOSED_TOOL, '@VALUE@'), values: sessions };
    const load = { connections: 64, rate: CALL_RATE, requests: CALL_RATE * seconds, maxSeconds: seconds + 5 };
    const report = await lab.load.run({ ...shape, ...load });
    const cores = (cpuMicros(gateway.pids) - before) / (1_000 * (performance.now() - startedMs));
    return { report, cores, rssMb: memoryMb(gateway.pids).rss };
  };
  const [line, { report, cores, rssMb }] = await Promise.all([streaming, calling()]);
  const { broken, firstBroken, mostAtOnce } = JSON.parse(line) as StreamLoadFigures;
  const { failed, unanswered } = report;
  const { p50, p99 } = report.latencyMs;
  return {
    ...{ streams: size.streams, broken, firstBroken, mostAtOnce, rssMb, rate: CALL_RATE },
    ...{ callMs: { p50, p99 }, failed, unanswered, cores },
  };
}

export const loadIdle: Scenario = {
  name: 'load-idle',
  title: 'Load: idle sessions of 2025-11-25, live streams of chats beside them, everything on',
  inShort: true,
  inGuard: true,
  async run(lab) {
    const size = lab.options.isGuard ? SMALL : FULL;
    const mock = await lab.startMock(['--legacy-only']);
    const model = await lab.startStreamMock(['--chunks', String(CHUNKS), '--every', String(EVERY_MS)]);
    const limits = { maxSessions: 100_000, sessionIdleMs: 3_600_000 };
    const setup = governed({ servers: { mock: httpServer(mock) }, model, keyCount: size.keys, isProbed: true });
    const [gateway] = await lab.startGateways({ ...setup, limits });
    const [first] = gateway?.keys ?? [];
    if (gateway === undefined || first === undefined) throw new Error('no gateway');
    const { port } = gateway;
    await openSessions({ port, key: first }, WARM_SESSIONS);
    const atRest = await gateway.readHeap();
    const ofFirst = await openSessions({ port, key: first }, size.perKey);
    for (const key of gateway.keys.slice(1)) await openSessions({ port, key }, size.perKey);
    const withSessions = await gateway.readHeap();
    const sockets: Socket[] = [];
    try {
      const count = Math.min(size.listening, ofFirst.length);
      for (const session of ofFirst.slice(0, count)) sockets.push(await listen(port, first, session));
      const withListeners = await gateway.readHeap();
      const sessions = size.keys * size.perKey;
      return {
        load: {
          idle: {
            ...{ sessions, keys: size.keys, listening: count },
            kbPerSession: kbEach(atRest, withSessions, sessions),
            kbPerListener: kbEach(withSessions, withListeners, count),
            restRssMb: atRest.rssMb,
            sessionsRssMb: withListeners.rssMb,
            full: size.streams === 0 ? undefined : await fill(lab, gateway, first, ofFirst, size),
          },
        },
      };
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  },
};
