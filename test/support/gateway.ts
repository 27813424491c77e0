/** The real gateway as a child process: `bin/portcullis.mjs serve`, with a configuration of the test's own. */

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TrailRow } from '../../src/contracts/trail.ts';
import { type StartedProcess, startProcess } from './start-process.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export const ROOT = new URL('../../', import.meta.url).pathname;
const BIN = join(ROOT, 'bin/portcullis.mjs');

export interface GatewayOptions {
  /** Content of portcullis.json. */
  readonly config: object;
  /** Default: a new folder. */
  readonly dataDir?: string;
  readonly env?: { readonly [name: string]: string };
  /** Port to listen on; default 0, any. */
  readonly port?: number;
  /** Node to run it with; default: this one. */
  readonly node?: string;
}

export interface StartedGateway extends Omit<StartedProcess, 'readyLine' | 'child'> {
  readonly url: string;
  readonly mcpUrl: string;
  /** Secret of the key made on the first start; '' if none was made. */
  readonly key: string;
  readonly configFile: string;
  readonly dataDir: string;
  /** Replaces portcullis.json. */
  writeConfig(config: object | string): Promise<void>;
  /** States of the servers by id, as `GET /ready` tells them. */
  states(): Promise<{ readonly [serverId: string]: string }>;
  /** Waits until these servers (default: all there are) are healthy. */
  healthy(...serverIds: string[]): Promise<void>;
}

interface ReadyLine {
  readonly url: string;
  readonly mcpUrl: string;
  readonly keyCreated: string | null;
}

/** Starts the gateway and waits until it listens; its servers may still be starting. */
export async function startGateway(cleanup: Cleanup, options: GatewayOptions): Promise<StartedGateway> {
  const folder = await createTempDir(cleanup);
  const dataDir = options.dataDir ?? join(folder, 'data');
  const configFile = join(folder, 'portcullis.json');
  const writeConfig = (config: object | string): Promise<void> =>
    writeFile(configFile, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  await writeConfig(options.config);
  const { readyLine, ...started } = await startProcess(cleanup, {
    command: options.node ?? process.execPath,
    args: [
      BIN,
      'serve',
      '--config',
      configFile,
      '--data',
      dataDir,
      '--host',
      '127.0.0.1',
      '--port',
      String(options.port ?? 0),
      '--json',
    ],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const { url, mcpUrl, keyCreated } = JSON.parse(readyLine) as ReadyLine;
  const states = async (): Promise<{ [serverId: string]: string }> => {
    const { servers } = (await (await fetch(`${url}/ready`)).json()) as { servers: { id: string; state: string }[] };
    return Object.fromEntries(servers.map(({ id, state }) => [id, state]));
  };
  return {
    ...started,
    url,
    mcpUrl,
    key: keyCreated ?? '',
    configFile,
    dataDir,
    writeConfig,
    states,
    async healthy(...serverIds) {
      let seen: { [serverId: string]: string } = {};
      await waitFor(
        `servers ${serverIds.join(', ')} to be healthy`,
        async () => {
          seen = await states();
          const wanted = serverIds.length > 0 ? serverIds : Object.keys(seen);
          return wanted.every((id) => seen[id] === 'healthy');
        },
        60_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(seen)}\n${started.stderr().slice(-4000)}`);
      });
    },
  };
}

/** Runs a command of the CLI to its end. Rejects if it exits non-zero or takes longer than 30 s. */
export async function runCli(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [BIN, ...args], {
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** Everything the trail in this data folder says, oldest first. */
export async function readTrail(dataDir: string): Promise<TrailRow[]> {
  const lines = await runCli('audit', 'export', '--data', dataDir, '--format', 'jsonl');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrailRow);
}
