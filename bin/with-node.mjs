/**
 * Runs a script on a Node.js that Portcullis supports: the running one if it is new enough, else Node 24 fetched once
 * from the npm registry. Plain JavaScript without dependencies, because it has to run on old Nodes.
 * Usage: node bin/with-node.mjs [node options] script.ts [args]
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MIN_MAJOR = 22;
const MIN_MINOR = 19;
const FETCHED_MAJOR = 24;

const packageDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** True if this version (`22.19.0`) can run Portcullis; the running one by default. */
export function isSupportedNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR);
}

/** Where things that can be made again are kept: a clone has them beside its sources, an installed package with the user. */
export function cacheDir() {
  if (existsSync(join(packageDir, 'src'))) return join(packageDir, '.cache');
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'portcullis');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'portcullis');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portcullis');
}

/** npm as [command, first arguments]; through its script where that can be found, since npm.cmd needs a shell. */
function npmCommand() {
  const nodeDir = dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath,
    join(nodeDir, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeDir, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  for (const path of candidates)
    if (path?.endsWith('npm-cli.js') && existsSync(path)) return [process.execPath, [path]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
}

function finished(child) {
  return new Promise((done) => {
    child.once('error', (error) => done({ code: undefined, signal: undefined, error }));
    child.once('exit', (code, signal) => done({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

/** Path of a supported node binary, fetched if need be. Throws an Error with one clear line. */
async function provideNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const target = join(cacheDir(), `node-${FETCHED_MAJOR}`);
  const binary = join('node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(join(target, binary))) return join(target, binary);

  process.stderr.write(
    `portcullis: this is Node ${process.versions.node}, and ${MIN_MAJOR}.${MIN_MINOR} or newer is needed: ` +
      `fetching Node ${FETCHED_MAJOR} (npm package ${name}, no install scripts) into ${target}\n`,
  );
  mkdirSync(cacheDir(), { recursive: true });
  // Installed beside its final place and renamed, so that a half-finished or parallel fetch is never used.
  const scratch = mkdtempSync(`${target}-`);
  try {
    const [command, first] = npmCommand();
    const args = ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    const child = spawn(command, [...first, ...args, '--prefix', scratch, `${name}@${FETCHED_MAJOR}`], {
      cwd: scratch,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: command === 'npm.cmd',
    });
    const { code, error } = await finished(child);
    if (code !== 0) {
      throw new Error(
        `could not fetch Node ${FETCHED_MAJOR} (${error?.message ?? `npm ended with ${code}`}). ` +
          `Install Node ${FETCHED_MAJOR} yourself and try again.`,
      );
    }
    try {
      renameSync(scratch, target);
    } catch (cause) {
      // Somebody else was faster.
      if (!existsSync(join(target, binary))) throw cause;
    }
    if (existsSync(join(target, binary))) return join(target, binary);
    throw new Error(`the npm package ${name}@${FETCHED_MAJOR} holds no ${binary}. Install Node ${FETCHED_MAJOR}.`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs `args` on a supported Node with this process's stdio and signals, then ends this process as that one ended. */
export async function runOnSupportedNode(args) {
  let node = process.execPath;
  try {
    if (!isSupportedNode()) node = await provideNode();
  } catch (error) {
    process.stderr.write(`portcullis: ${error.message}\n`);
    process.exit(1);
  }
  // First on the PATH, so that what the script starts (npm, npx, node) runs on the same Node.
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const env = { ...process.env, [pathName]: [dirname(node), process.env[pathName]].filter(Boolean).join(delimiter) };
  const child = spawn(node, args, { stdio: 'inherit', env });
  const forward = (signal) => {
    // A terminal sends its Ctrl-C to the child as well; forwarding it would make it two.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = process.platform === 'win32' ? ['SIGINT'] : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, forward);
  const { code, signal, error } = await finished(child);
  for (const name of signals) process.off(name, forward);
  if (error) process.stderr.write(`portcullis: ${node} does not run here: ${error.message}\n`);
  if (signal) process.kill(process.pid, signal);
  process.exit(code ?? 128 + (constants.signals[signal] ?? 1));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runOnSupportedNode(process.argv.slice(2));
}
