/** Starts what a scenario compares: mock servers, the reference, our gateway, peers. Everything is stopped after each scenario. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type PeerName, peerScript } from '../peers/installed.ts';
import { type Gateway, type GatewaySetup, startGateway } from './gateway.ts';
import { type Load, startLoad } from './load.ts';
import type { Options } from './options.ts';
import { type Placement, pinned, type Started, startProcess } from './processes.ts';
import { processTree } from './usage.ts';

const BENCH = join(import.meta.dirname, '..');
const MOCK = join(BENCH, 'mock-upstream.ts');
/** In the command line of every mock, so that it is not counted as part of what started it. */
export const MOCK_MARK = 'mock-upstream.ts';

/** Something that is measured. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  /** The process and what it started, mock servers excepted. */
  readonly pids: readonly number[];
}

export type SdkGateway = 'sdk-v1' | 'sdk-v2';
export const OURS = 'portcullis';

export interface Lab {
  readonly options: Options;
  readonly load: Load;
  readonly say: (text: string) => void;
  /** An HTTP mock; returns its port. */
  startMock(flags?: readonly string[]): Promise<number>;
  /** A pretended OpenAI that streams; returns its port. */
  startStreamMock(flags: readonly string[]): Promise<number>;
  /** Pretended models of all dialects; returns their port. */
  startModelMock(flags?: readonly string[]): Promise<number>;
  /** How to start a stdio mock on the mock's core. */
  stdioMock(flags?: readonly string[]): readonly [command: string, args: string[]];
  startReference(mockPort: number): Promise<Subject>;
  /** One per checkout under test; the first is named `portcullis`, the others after their folders. */
  startGateways(setup: GatewaySetup): Promise<readonly Gateway[]>;
  startSdkGateway(name: SdkGateway, mockPort: number): Promise<Subject>;
  /** A bridge from HTTP to a stdio mock. */
  startBridge(name: Extract<PeerName, 'mcp-proxy' | 'supergateway'>): Promise<Subject>;
  startHub(configFile: string): Promise<Subject>;
  /** Portkey's gateway; where requests go, they say themselves. */
  startPortkey(): Promise<Subject>;
  /** Runs a script of ours alone on the core of the proxies; returns the line of JSON it ends with. */
  runScript(file: string, args: readonly string[]): Promise<string>;
  /** The same on the core of the generator. */
  runGenerator(file: string, args: readonly string[]): Promise<string>;
  /** More generators, for scenarios that send several things at once. */
  startLoads(count: number): Promise<readonly Load[]>;
  /** A folder that goes with the scenario. */
  folder(): string;
  stopAll(): Promise<void>;
  /** For the very end, when nothing can be waited for. */
  killAll(): void;
}

interface Stoppable {
  stop(): Promise<void>;
  kill(): void;
}

const isPort = (line: string): boolean => /^\d+$/.test(line);

/** Some peers cannot pick a port themselves. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A generator says what it found at its end. */
const GENERATOR_LIMIT_MS = 600_000;
const ANSWER_LIMIT_MS = 30_000;
const ANSWER_POLL_MS = 10;

/** Resolves when the port takes requests, whatever it answers. */
async function untilAnswers(url: string): Promise<void> {
  const deadline = performance.now() + ANSWER_LIMIT_MS;
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.body?.cancel();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${url} does not answer: ${String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, ANSWER_POLL_MS));
    }
  }
}

export function createLab(options: Options, placement: Placement, load: Load, say: (text: string) => void): Lab {
  const running: Stoppable[] = [];
  const folders: string[] = [];

  const keep = async <T extends Stoppable>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    running.push(started);
    return started;
  };
  const run = (core: number | undefined, args: readonly string[], isReady?: (line: string) => boolean) =>
    keep(startProcess({ command: process.execPath, args, core, ...(isReady === undefined ? {} : { isReady }) }));
  const subject = (name: string, started: Started, port = Number(started.line)): Subject => ({
    name,
    port,
    pids: processTree(started.pid, MOCK_MARK),
  });
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
    folders.push(made);
    return made;
  };
  const stdioMock = (flags: readonly string[] = []) =>
    pinned(placement.mock, process.execPath, [MOCK, '--stdio', ...flags]);

  return {
    options,
    load,
    say,
    folder,
    stdioMock,
    async startMock(flags = []) {
      return Number((await run(placement.mock, [MOCK, ...flags], isPort)).line);
    },
    async startStreamMock(flags) {
      return Number((await run(placement.mock, [join(BENCH, 'stream-mock.ts'), ...flags], isPort)).line);
    },
    async startModelMock(flags = []) {
      return Number((await run(placement.mock, [join(BENCH, 'model-mock.ts'), ...flags], isPort)).line);
    },
    async startReference(mockPort) {
      const args = [join(BENCH, 'reference-proxy.ts'), '--target', String(mockPort)];
      return subject('reference', await run(placement.subject, args, isPort));
    },
    async startGateways(setup) {
      const gateways: Gateway[] = [];
      for (const root of options.roots) {
        const name = root === options.roots[0] ? OURS : basename(root);
        gateways.push(
          await keep(
            startGateway({ name, root, core: placement.subject, isBuilt: options.isBuilt, folder: folder() }, setup),
          ),
        );
      }
      return gateways;
    },
    async startSdkGateway(name, mockPort) {
      const args = [join(BENCH, `peers/${name}-gateway.ts`), '--target', `http://127.0.0.1:${mockPort}/mcp`];
      return subject(`gateway on the ${name.replace('sdk-v', 'SDK v')}`, await run(placement.subject, args, isPort));
    },
    async startBridge(name) {
      const port = await findFreePort();
      const [command, args] = stdioMock();
      const flags =
        name === 'mcp-proxy'
          ? ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--', command, ...args]
          : // Stateless, it would start a process for each request.
            ['--stdio', [command, ...args].join(' '), '--outputTransport', 'streamableHttp', '--stateful'].concat([
              ...['--port', String(port), '--logLevel', 'none'],
            ]);
      const started = await run(placement.subject, [peerScript(name), ...flags]);
      await untilAnswers(`http://127.0.0.1:${port}/`);
      return subject(name, started, port);
    },
    async startHub(configFile) {
      const port = await findFreePort();
      const started = await run(placement.subject, [
        peerScript('mcp-hub'),
        '--port',
        String(port),
        '--config',
        configFile,
      ]);
      await untilAnswers(`http://127.0.0.1:${port}/api/health`);
      return subject('mcp-hub', started, port);
    },
    async startPortkey() {
      const port = await findFreePort();
      const started = await run(placement.subject, [peerScript('@portkey-ai/gateway'), `--port=${port}`, '--headless']);
      await untilAnswers(`http://127.0.0.1:${port}/`);
      return subject('Portkey', started, port);
    },
    async runScript(file, args) {
      return (await run(placement.subject, [join(BENCH, file), ...args], (line) => line.startsWith('{'))).line;
    },
    async runGenerator(file, args) {
      const options = { command: process.execPath, args: [join(BENCH, file), ...args], core: placement.generator };
      const isReady = (line: string): boolean => line.startsWith('{');
      return (await keep(startProcess({ ...options, isReady, readyTimeoutMs: GENERATOR_LIMIT_MS }))).line;
    },
    startLoads: (count) => Promise.all(Array.from({ length: count }, () => keep(startLoad(placement.generator)))),
    killAll() {
      for (const each of running) each.kill();
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    },
    async stopAll() {
      await Promise.all(running.splice(0).map((each) => each.stop()));
      for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
    },
  };
}
