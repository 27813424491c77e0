/** Our own gateway as a subject: its configuration, its start from the bundle or the sources, a look at its memory. */

import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeapReading } from './heap-probe.ts';
import { type Started, startProcess } from './processes.ts';
import { processTree } from './usage.ts';

export interface GatewaySetup {
  /** As in `mcpServers`. */
  readonly servers: { readonly [name: string]: object };
  /** As in `providers`. */
  readonly providers?: { readonly [name: string]: object };
  /** Default true: a key, a policy that hides a tool, the trail with its write-ahead, metrics. False: what can be off is off. */
  readonly everythingOn?: boolean;
  readonly limits?: { readonly [name: string]: number };
  readonly audit?: { readonly [name: string]: number | boolean };
  /** Members of each key besides name, value and grant. */
  readonly ofKeys?: object;
  /** Default 1. */
  readonly keyCount?: number;
  /** Sections of the configuration besides those above. */
  readonly more?: object;
  /** Fills the data directory before the start. */
  readonly prepare?: (dataDir: string) => void;
  /** Loads the heap probe, and allows `readHeap`. */
  readonly isProbed?: boolean;
  /** Options of Node itself; default none. */
  readonly nodeFlags?: readonly string[];
}

export interface Gateway {
  readonly name: string;
  readonly port: number;
  readonly pids: readonly number[];
  /** The key to call it with; undefined where everything is off. */
  readonly key: string | undefined;
  /** All of them; `key` is the first. */
  readonly keys: readonly string[];
  readonly dataDir: string;
  readonly configFile: string;
  /** Milliseconds from the start of the process until it listened, and until its servers could be called. */
  readonly startMs: { readonly listening: number; readonly ready: number };
  readHeap(): Promise<HeapReading>;
  /** Ends it in an orderly way, trail folded. */
  stop(): Promise<void>;
  kill(): void;
}

export interface GatewayPlace {
  readonly name: string;
  readonly root: string;
  readonly core: number | undefined;
  /** From its bundle, if that is not older than its sources. */
  readonly isBuilt: boolean;
  /** For its configuration and data. */
  readonly folder: string;
}

const keyOf = (index: number): string => `pck_bench_only_no_secret_${String(index).padStart(7, '0')}`;
const METRICS_TOKEN = 'bench_only_no_secret_0000';
const READY_LIMIT_MS = 120_000;
const READY_POLL_MS = 10;
const HEAP_LIMIT_MS = 30_000;

/** What is started, and how it is named in the provenance. The bundle counts only while it is newer than the sources. */
export function chooseBuild(
  root: string,
  wantsBundle = true,
): { readonly args: readonly string[]; readonly description: string } {
  const bundle = join(root, 'dist/portcullis.js');
  const source = { args: [join(root, 'bin/portcullis.mjs')], description: 'sources' };
  if (!wantsBundle || !existsSync(bundle)) return source;
  const builtAt = statSync(bundle).mtimeMs;
  const isStale = globSync('src/**/*.ts', { cwd: root }).some(
    (file) => !file.endsWith('.test.ts') && statSync(join(root, file)).mtimeMs > builtAt,
  );
  if (isStale) return { ...source, description: 'sources (dist/ is older than they are)' };
  return { args: [join(import.meta.dirname, 'run-built.mjs'), bundle], description: 'bundle' };
}

function writeConfig(place: GatewayPlace, setup: GatewaySetup, keys: readonly string[]): string {
  const file = join(place.folder, 'portcullis.json');
  const isOn = keys.length > 0;
  const grant = { allow: ['*'], deny: ['*/tool_7'], ...setup.ofKeys };
  const access = isOn
    ? { keys: keys.map((value, i) => ({ name: i === 0 ? 'bench' : `bench-${i}`, value, ...grant })) }
    : { anonymous: { allow: ['*'] } };
  // Other checkouts may be from before there were metrics.
  const hasMetrics = existsSync(join(place.root, 'src/contracts/meter.ts'));
  const metrics = isOn && hasMetrics ? { metrics: { token: METRICS_TOKEN } } : {};
  const audit = { ...(isOn ? {} : { arguments: false }), ...setup.audit };
  const limits = setup.limits ?? {};
  const models = setup.providers === undefined ? {} : { providers: setup.providers };
  const common = { mcpServers: setup.servers, ...models, ...access, ...metrics, limits, audit, log: { level: 'warn' } };
  const config = { ...common, ...setup.more };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function untilReady(url: string, started: Started): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  let last = '';
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(10_000) });
    last = await response.text();
    const { servers } = JSON.parse(last) as { servers: readonly { readonly state: string }[] };
    if (servers.every(({ state }) => state === 'healthy')) return;
    await sleep(READY_POLL_MS);
  }
  throw new Error(`the servers are not all healthy: ${last.slice(0, 500)}\n${started.said()}`);
}

export async function startGateway(place: GatewayPlace, setup: GatewaySetup): Promise<Gateway> {
  const isOn = setup.everythingOn ?? true;
  const dataDir = join(place.folder, 'data');
  const probeFile = join(place.folder, 'heap.json');
  const keys = isOn ? Array.from({ length: setup.keyCount ?? 1 }, (_, i) => keyOf(i)) : [];
  const config = writeConfig(place, setup, keys);
  setup.prepare?.(dataDir);
  const probe = ['--expose-gc', '--import', join(import.meta.dirname, 'heap-probe.ts')];
  const serve = ['serve', '--config', config, '--data', dataDir, '--port', '0', '--json'];
  const startedMs = performance.now();
  const started = await startProcess({
    command: process.execPath,
    args: [
      ...(setup.nodeFlags ?? []),
      ...(setup.isProbed ? probe : []),
      ...chooseBuild(place.root, place.isBuilt).args,
      ...serve,
    ],
    core: place.core,
    cwd: place.root,
    ...(setup.isProbed ? { env: { BENCH_PROBE_FILE: probeFile } } : {}),
    isReady: (line) => line.startsWith('{"url"'),
  });
  try {
    const { url } = JSON.parse(started.line) as { url: string };
    const listening = performance.now() - startedMs;
    await untilReady(url, started);
    return {
      name: place.name,
      port: Number(new URL(url).port),
      pids: processTree(started.pid, 'mock-upstream.ts'),
      key: keys[0],
      keys,
      dataDir,
      configFile: config,
      startMs: { listening, ready: performance.now() - startedMs },
      async readHeap() {
        rmSync(probeFile, { force: true });
        started.signal('SIGUSR2');
        const deadline = performance.now() + HEAP_LIMIT_MS;
        while (performance.now() < deadline) {
          await sleep(READY_POLL_MS);
          const text = existsSync(probeFile) ? readFileSync(probeFile, 'utf8') : '';
          if (text.endsWith('}')) return JSON.parse(text) as HeapReading;
        }
        throw new Error('the heap probe does not answer');
      },
      stop: () => started.stop(),
      kill: () => started.kill(),
    };
  } catch (error) {
    await started.stop();
    throw error;
  }
}
