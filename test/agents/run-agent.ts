/** Runs an agent once, in a home and a folder of its own, bounded in time. */

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Cleanup, createTempDir } from '../support/temp-dir.ts';
import type { Agent, RunContext } from './agents.ts';

export interface AgentEnd {
  /** Null: ended by a signal, so by us when it took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends Pick<RunContext, 'url' | 'key' | 'model'> {
  /** Given the path of a file that holds `note`. */
  readonly prompt: (noteFile: string) => string;
  readonly note: string;
  readonly timeoutMs: number;
}

const MAX_OUTPUT_BYTES = 1_000_000;

/** Resolves when it and all that it started in its process group are gone. */
export async function runAgent(cleanup: Cleanup, agent: Agent, options: RunOptions): Promise<AgentEnd> {
  const folder = await createTempDir(cleanup);
  const [home, work] = [join(folder, 'home'), join(folder, 'work')];
  const noteFile = join(work, 'note.txt');
  const { url, key, model } = options;
  const run = agent.run({ url, key, model, prompt: options.prompt(noteFile), home, work });
  for (const [path, text] of Object.entries({ ...run.files, [noteFile]: `${options.note}\n`, [`${home}/.keep`]: '' })) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  // Nothing of this process's environment: it may hold keys, or settings of an agent that runs these tests.
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: folder,
    TERM: 'dumb',
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  };
  const child = spawn(run.command, run.args, {
    ...{ cwd: work, env: { ...env, ...run.env }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-MAX_OUTPUT_BYTES);
    });
  const endGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nobody of it is left.
    }
  };
  const timer = setTimeout(endGroup, options.timeoutMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    return { code, ...output };
  } finally {
    clearTimeout(timer);
    endGroup();
  }
}
