/** A real PostgreSQL for tests, from Debian's package: a server of the test's own, and a database for each test. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Cleanup, createCleanup, createTempDir } from './temp-dir.ts';
import { within } from './wait-for.ts';

export interface TestPostgres {
  /** A new, empty database; its URL. */
  newDatabase(): Promise<string>;
  /** As a crash: connections break off at once. Data stays. */
  stop(): Promise<void>;
  /** At the same address as before. */
  start(): Promise<void>;
}

const PACKAGES = '/usr/lib/postgresql';

/** Why tests with PostgreSQL are skipped; `false`: they are not. In CI a missing server is a failure, never a skip. */
export function withoutPostgres(): string | false {
  if (findBinaries() !== undefined || process.env.CI === 'true') return false;
  return `there is no PostgreSQL in ${PACKAGES}: apt-get install postgresql`;
}

/**
 * One server for all tests of a file, from before the first until after the last. `otherwise`: what else there is to skip them for.
 */
export function usePostgres(otherwise: string | false = false): {
  readonly skip: string | false;
  readonly server: TestPostgres;
} {
  const skip = withoutPostgres() || otherwise;
  const cleanup = createCleanup();
  let started: TestPostgres | undefined;
  const server = (): TestPostgres => {
    if (started === undefined) throw new Error('PostgreSQL runs while tests do, and where they are not skipped');
    return started;
  };
  before(async () => {
    if (skip === false) started = await startPostgres(cleanup);
  });
  after(() => cleanup.run());
  return {
    skip,
    server: {
      newDatabase: () => server().newDatabase(),
      stop: () => server().stop(),
      start: () => server().start(),
    },
  };
}

/** Starts a server on a free port of loopback; it is stopped when the test is over, and ends with this process at the latest. */
export async function startPostgres(cleanup: Cleanup): Promise<TestPostgres> {
  const binaries = findBinaries();
  if (binaries === undefined) throw new Error(`there is no PostgreSQL in ${PACKAGES}`);
  const dir = await createTempDir(cleanup);
  const data = join(dir, 'data');
  mkdirSync(data, { mode: 0o700 });
  // The server refuses to run as root.
  const user = process.getuid?.() === 0 ? 'postgres' : undefined;
  if (user !== undefined) {
    for (const path of [dir, data]) chownSync(path, idOf('-u', user), idOf('-g', user));
  }
  const as = [
    ...['--pdeathsig', 'QUIT'],
    ...(user === undefined ? [] : ['--reuid', user, '--regid', user, '--clear-groups']),
  ];
  execFileSync(
    'setpriv',
    [...as, join(binaries, 'initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '-N'],
    { cwd: dir, stdio: 'pipe' },
  );
  const port = await freePort();
  const url = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '16MB',
    max_connections: 60,
  };
  let stop = async (): Promise<void> => {};

  const start = async (): Promise<void> => {
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn('setpriv', [...as, join(binaries, 'postgres'), '-D', data, ...options], {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-10_000);
    });
    const exited = once(child, 'exit');
    stop = async () => {
      child.kill('SIGQUIT');
      await within('PostgreSQL to stop', exited);
    };
    for (let attempt = 0; !(await answers(url('postgres'))); attempt++) {
      if (child.exitCode !== null || attempt === 400) throw new Error(`PostgreSQL did not start:\n${stderr}`);
      await sleep(25);
    }
  };
  await start();
  cleanup.after(() => stop());

  let made = 0;
  return {
    async newDatabase() {
      const name = `test_${++made}`;
      await query(url('postgres'), `CREATE DATABASE ${name}`);
      return url(name);
    },
    stop: () => stop(),
    start,
  };
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, text: string, values: readonly unknown[] = []): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

/** The newest version that is installed. */
function findBinaries(): string | undefined {
  const versions = existsSync(PACKAGES) ? readdirSync(PACKAGES).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(PACKAGES, version, 'bin')).find((path) => existsSync(join(path, 'postgres')));
}

function idOf(flag: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
