/** What the logging server wrote down, and the servers that write it. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './gateway.ts';
import { type StdioEntry, stdioEntry } from './real-servers.ts';
import { type StartedProcess, startProcess } from './start-process.ts';
import type { Cleanup } from './temp-dir.ts';

const FILE = join(ROOT, 'test/support/logging-server.ts');

export interface WitnessEntry {
  readonly event: 'start' | 'begun' | 'executed';
  readonly pid?: number;
  readonly nonce?: string;
  readonly tool?: string;
}

/** Everything in the log, oldest first. A line cut off by a kill is left out. */
export function readWitness(logFile: string): WitnessEntry[] {
  if (!existsSync(logFile)) return [];
  const entries: WitnessEntry[] = [];
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      entries.push(JSON.parse(line) as WitnessEntry);
    } catch {
      // Cut off in the middle of the write.
    }
  }
  return entries;
}

/** The logging server over stdio, as an `mcpServers` entry. */
export function witnessEntry(logFile: string): StdioEntry {
  return stdioEntry(FILE, ['--log', logFile]);
}

/** The logging server over HTTP, running on its own. */
export async function startWitness(
  cleanup: Cleanup,
  logFile: string,
  port = 0,
): Promise<{ readonly process: StartedProcess; readonly entry: { readonly type: 'http'; readonly url: string } }> {
  const process_ = await startProcess(cleanup, {
    command: process.execPath,
    args: [FILE, '--log', logFile, '--http', String(port)],
  });
  const { url } = JSON.parse(process_.readyLine) as { url: string };
  return { process: process_, entry: { type: 'http', url } };
}
