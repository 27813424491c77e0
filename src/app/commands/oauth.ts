/** `portcullis oauth doctor SERVER`: what is wrong with signing in at a server, step by step, without a gateway. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { Command } from 'commander';
import type { GatewayConfig, ServerConfig } from '../../contracts/config.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import { examineServer } from '../../upstreams/oauth/examine-server.ts';
import type { Finding } from '../../upstreams/oauth/finding.ts';
import { createGuardedFetch } from '../../upstreams/oauth/guarded-fetch.ts';
import { type KeptDeps, readCredential, SHARED_OWNER, writeCredential } from '../../upstreams/oauth/kept-credential.ts';
import { type Refreshed, refreshTokens } from '../../upstreams/oauth/refresh-tokens.ts';
import { withSecretKeeper } from '../open-secret-keeper.ts';
import type { Stores } from '../open-stores.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandLog, withStores } from './command-stores.ts';
import { findLevelId } from './find-level.ts';
import { type DataOptions, DEFAULT_CONFIG, resolveDataDir, withDataOptions } from './shared-options.ts';
import { paint, print, printJson, showForeign } from './terminal.ts';

const REFRESH_MS = 30_000;

interface DoctorOptions extends DataOptions {
  readonly user?: string;
  readonly refresh?: boolean;
  readonly json?: boolean;
}

async function readConfig(options: DataOptions): Promise<GatewayConfig> {
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  const result = await withSecretKeeper((secrets) => loadConfig({ file, env: readEnvironment(), secrets }));
  if (result.ok) return result.config;
  throw new CommandError(EXIT.failed, `${file} is not valid\n${renderProblems(result.problems, file)}`);
}

function findServer({ servers }: GatewayConfig, name: string): ServerConfig & { readonly url: string } {
  const server = servers.find((each) => each.id === name || each.name === name);
  if (server === undefined)
    throw new CommandError(
      EXIT.failed,
      `there is no server ${JSON.stringify(name)} in the configuration`,
      `It has: ${servers.map(({ id }) => id).join(', ') || 'none'}.`,
    );
  const { transport } = server;
  if (transport.type !== 'http' && transport.type !== 'sse')
    throw new CommandError(
      EXIT.failed,
      `server ${JSON.stringify(name)} is of type "${transport.type}"`,
      'Only servers of type "http" and "sse" are signed in at in this way.',
    );
  return { ...server, url: transport.url };
}

/** Like the gateway does it: of all replicas one at a time, and what came of it is stored before anybody else looks. */
function createRefresh(deps: KeptDeps, server: ServerConfig, owner: string) {
  return (discovery: OAuthDiscoveryState): Promise<Refreshed> =>
    deps.store.exclusively(server.id, owner, async () => {
      const kept = readCredential(deps, server.id, owner);
      if (kept === undefined || !('url' in server.transport)) return 'rejected';
      const fetchFn = createGuardedFetch(server.transport.url, AbortSignal.timeout(REFRESH_MS));
      const done = await refreshTokens(
        { log: commandLog(), now: deps.now },
        { config: server, kept, discovery, fetchFn },
      );
      if (typeof done === 'string') return done;
      writeCredential(deps, server.id, { ...kept, tokens: done, problem: undefined }, owner);
      return 'renewed';
    });
}

const SIGNS: { readonly [verdict in Finding['verdict']]: () => string } = {
  ok: () => paint('green', 'ok   '),
  wrong: () => paint('red', 'wrong'),
  skipped: () => paint('dim', '-    '),
};

async function runDoctor(name: string, options: DoctorOptions): Promise<void> {
  const config = await readConfig(options);
  const server = findServer(config, name);
  const { publicUrl, host, port } = config.listen;
  const callback = `${publicUrl ?? `http://${host}:${port}`}/oauth/callback`;
  const examine = async (stores: Stores | undefined): Promise<readonly Finding[]> => {
    if (stores === undefined)
      return examineServer({ config: server, redirectUrl: callback, own: undefined, kept: undefined });
    const isShared = stores.database !== undefined;
    const sealing = { dataDir: resolveDataDir(options), config: config.sealing, isShared, makesNoKey: true };
    const deps: KeptDeps = {
      ...{ store: await stores.credentials(), sealer: openSealing(sealing).forRecords, now: Date.now },
    };
    const owner = (await findLevelId(await stores.objects(), 'user', options.user)) ?? SHARED_OWNER;
    const ofServer = (each: ReturnType<typeof readCredential>) => (each?.serverUrl === server.url ? each : undefined);
    const own = ofServer(readCredential(deps, server.id));
    const redirectUrl = own?.redirectUrl ?? callback;
    return examineServer({
      ...{ config: server, redirectUrl, own, kept: ofServer(readCredential(deps, server.id, owner)) },
      refresh: options.refresh === true ? createRefresh(deps, server, owner) : undefined,
    });
  };
  // A gateway that has never run keeps nothing.
  const isFresh = config.database === undefined && !existsSync(join(resolveDataDir(options), 'portcullis.db'));
  const findings = await (isFresh ? examine(undefined) : withStores(options, examine));
  const isWell = findings.every(({ verdict }) => verdict !== 'wrong');
  if (options.json) printJson({ ok: isWell, server: server.id, findings });
  else
    for (const { step, verdict, text, remedy } of findings) {
      print(`${SIGNS[verdict]()} ${step}: ${showForeign(text)}`);
      if (remedy !== undefined) print(`      ${showForeign(remedy)}`);
    }
  if (!isWell) process.exitCode = EXIT.failed;
}

/** Adds the commands. */
export function oauthCommand(program: Command): void {
  const oauth = program.command('oauth').description('Signing in at servers (OAuth)');
  withDataOptions(oauth.command('doctor <server>'))
    .description('Walk through the sign-in at a server, and say what is wrong and how to mend it')
    .option('--user <user>', 'whose credential is tried, by name or id (default: that of the gateway itself)')
    .option('--refresh', 'renew the stored token, too')
    .option('--json', 'print { ok, server, findings } as JSON')
    .action(runDoctor);
}
