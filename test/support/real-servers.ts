/** Real MCP servers from the registry, as the end-to-end tests use them. */

import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './gateway.ts';
import { startProcess } from './start-process.ts';
import type { Cleanup } from './temp-dir.ts';

const packageFile = (path: string): string => join(ROOT, 'node_modules/@modelcontextprotocol', path);

export const EVERYTHING = packageFile('server-everything/dist/index.js');
export const FILESYSTEM = packageFile('server-filesystem/dist/index.js');
export const MEMORY = packageFile('server-memory/dist/index.js');

/** A stdio server as an `mcpServers` entry. */
export interface StdioEntry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

export function stdioEntry(file: string, args: readonly string[] = [], env?: StdioEntry['env']): StdioEntry {
  return { command: process.execPath, args: [file, ...args], ...(env === undefined ? {} : { env }) };
}

/** The three stdio servers, over files of their own in `folder`; `files` is what the filesystem server may see. */
export async function createStdioServers(folder: string): Promise<{
  readonly servers: { readonly everything: StdioEntry; readonly filesystem: StdioEntry; readonly memory: StdioEntry };
  readonly files: string;
}> {
  const files = join(folder, 'files');
  await mkdir(files, { recursive: true });
  await writeFile(join(files, 'hello.txt'), 'Hello from a file.\n');
  const servers = {
    everything: stdioEntry(EVERYTHING, ['stdio']),
    filesystem: stdioEntry(FILESYSTEM, [files]),
    memory: stdioEntry(MEMORY, [], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
  };
  return { servers, files };
}

/** A port nobody listens on right now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** server-everything over HTTP, as an `mcpServers` entry. Its port is found beforehand: it does not take 0. */
export async function startEverything(
  cleanup: Cleanup,
  mode: 'streamableHttp' | 'sse',
): Promise<{ readonly type: 'http' | 'sse'; readonly url: string }> {
  const port = await findFreePort();
  await startProcess(cleanup, {
    command: process.execPath,
    args: [EVERYTHING, mode],
    env: { PORT: String(port) },
    ready: { stream: 'stderr', pattern: /listening|running/i },
  });
  return mode === 'sse'
    ? { type: 'sse', url: `http://127.0.0.1:${port}/sse` }
    : { type: 'http', url: `http://127.0.0.1:${port}/mcp` };
}
