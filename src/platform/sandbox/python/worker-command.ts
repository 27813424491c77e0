/** How a worker is started: with bounds of the system's own around it, and in a box of its own where there is one. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { WorkerCommand } from './worker-process.ts';

/** The package that brings the worker; pinned, since protocol and dumps hang on it. */
const WORKER_PACKAGE = '@pydantic/monty-linux-x64-gnu';
export const WORKER_VERSION = '0.0.23';

/** The installed worker; undefined: there is none for this platform. */
export function findWorker(): string | undefined {
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve(`${WORKER_PACKAGE}/package.json`)), 'monty');
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

const SHELL = '/bin/sh';
/**
 * Address space in KiB, descriptors, no core, no file longer than nothing; then the worker in the shell's place. Constant text: what
 * varies comes as arguments, which a shell does not read as its own. Node cannot set limits on a child itself.
 */
const LIMITED = 'ulimit -v "$1" && ulimit -n 32 && ulimit -c 0 && ulimit -f 0 && shift && exec "$@"';

const BOXED = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'];
const READ_ONLY = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'];
const PROBE_TIMEOUT_MS = 5_000;

export interface CommandOptions {
  readonly worker: string;
  /** `auto`: in bubblewrap where that is installed and works. */
  readonly outer: 'auto' | 'none' | 'bwrap';
  /** All that the process may map. */
  readonly maxAddressSpaceBytes: number;
  /** Where programs are looked for. */
  readonly path: string | undefined;
}

export interface BuiltCommand extends WorkerCommand, Disposable {
  readonly isBoxed: boolean;
}

/** Throws an Error for people if `bwrap` is asked for and cannot be had. */
export function buildWorkerCommand({ worker, outer, maxAddressSpaceBytes, path }: CommandOptions): BuiltCommand {
  const cwd = mkdtempSync(join(tmpdir(), 'portcullis-sandbox-'));
  const limits = ['-c', LIMITED, 'sh', String(Math.ceil(maxAddressSpaceBytes / 1_024))];
  const bwrap = outer === 'none' ? undefined : findProgram('bwrap', path);
  const box = bwrap === undefined ? undefined : boxArguments(bwrap, worker);
  const isBoxed = box !== undefined && worksBoxed(box, cwd);
  if (outer === 'bwrap' && !isBoxed) {
    rmSync(cwd, { recursive: true, force: true });
    throw new Error(
      bwrap === undefined
        ? 'codeMode.outer: bwrap is not installed; install bubblewrap, or set it to auto'
        : 'codeMode.outer: bwrap does not work here (user namespaces may be switched off); set it to auto',
    );
  }
  const inner = isBoxed && box !== undefined ? [...box, '/worker', 'subprocess'] : [worker, 'subprocess'];
  return {
    ...{ file: SHELL, args: [...limits, ...inner], cwd, isBoxed },
    [Symbol.dispose]: () => rmSync(cwd, { recursive: true, force: true }),
  };
}

function boxArguments(bwrap: string, worker: string): readonly string[] {
  const binds = READ_ONLY.filter(existsSync).flatMap((folder) => ['--ro-bind', folder, folder]);
  return [bwrap, ...BOXED, ...binds, '--ro-bind', worker, '/worker', '--chdir', '/', '--'];
}

function worksBoxed([file = '', ...args]: readonly string[], cwd: string): boolean {
  const { status } = spawnSync(file, [...args, '/worker', '--version'], {
    ...{ cwd, env: {}, stdio: 'ignore', timeout: PROBE_TIMEOUT_MS },
  });
  return status === 0;
}

function findProgram(name: string, path: string | undefined): string | undefined {
  const folders = (path ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, name)).find(existsSync);
}
