/** `portcullis serve`: starts the gateway, says where it is and what to do next, and follows its configuration file. */

import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { GatewayConfig } from '../../contracts/config.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { isLoopbackHost } from '../../platform/config/read-listen.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import type { LoadFile } from '../../platform/config/stored/compose-config.ts';
import { watchConfig } from '../../platform/config/watch-config.ts';
import type { SecretKeeper } from '../../platform/secrets/secret-keeper.ts';
import { createLog } from '../../platform/telemetry/log.ts';
import type { InProcessServer } from '../../upstreams/mcp/link.ts';
import { assemble } from '../assemble.ts';
import { openSecretKeeper } from '../open-secret-keeper.ts';
import { readVersion } from '../read-version.ts';
import { CommandError, EXIT } from './command-error.ts';
import { sayWhereItIs } from './serve-banner.ts';
import { DEFAULT_CONFIG, resolveDataDir } from './shared-options.ts';
import { printJson, printNote } from './terminal.ts';

export interface ServeOptions {
  readonly config: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: number;
  readonly json?: boolean;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new CommandError(EXIT.usage, `--port ${text}: expected 0 to 65535`, '0 picks a free port.');
  return port;
}

/** Reads the configuration; without a file the gateway starts empty and waits for one to appear. */
function createLoader(options: ServeOptions, isExplicit: boolean, secrets: SecretKeeper): LoadFile {
  const file = resolve(options.config);
  return async (extend) => {
    const env = readEnvironment();
    const isMissing = !isExplicit && !existsSync(file);
    const result = isMissing
      ? parseConfig('{}', { file, env, extend })
      : await loadConfig({ file, env, extend, secrets });
    // The file alone cannot know that --host opens the gateway to others.
    if (!result.ok || result.config.anonymous === undefined || isLoopbackHost(options.host ?? '127.0.0.1'))
      return result;
    const message = `lets callers in without a key, which is refused with --host ${options.host}`;
    const remedy = 'Take "anonymous" out and give callers keys, or listen on loopback.';
    return { ok: false, problems: [{ path: 'anonymous', line: undefined, column: undefined, message, remedy }] };
  };
}

/** Shells and wrappers send one signal to a whole group and pass it on as well: what follows this soon is the same one. */
const SAME_SIGNAL_MS = 500;

/** Resolves when a signal asks us to stop; a second one, meant as such, ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((stop) => {
    let firstMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      firstMs ??= performance.now();
      stop(signal);
      if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}

/** Runs the gateway until it is told to stop. `inProcess` holds servers made of code, by module name. */
export async function serve(
  options: ServeOptions,
  explicitConfig: boolean,
  inProcess: ReadonlyMap<string, InProcessServer> = new Map(),
): Promise<void> {
  const file = resolve(options.config);
  const secrets = openSecretKeeper();
  const load = createLoader(options, explicitConfig, secrets);
  const stopping = new AbortController();
  const stopped = untilSignal();
  // Watched from before the first reading, so that no edit falls between.
  let onChange = (): void => {};
  watchConfig({ file, signal: stopping.signal, onChange: () => onChange() });

  const result = await load();
  if (!result.ok) {
    stopping.abort();
    await secrets[Symbol.asyncDispose]();
    throw new CommandError(EXIT.failed, `the configuration is not valid\n${renderProblems(result.problems, file)}`);
  }
  const { config, warnings } = result;
  if (warnings.length > 0) printNote(renderProblems(warnings, file));
  const log = createLog({ level: config.log.level, write: (line) => process.stderr.write(`${line}\n`) });
  const host = options.host ?? config.listen.host;
  const port = options.port ?? config.listen.port;
  const identity = { name: 'portcullis', version: readVersion() };
  const environment = readEnvironment();
  const followSecrets = (inForce: GatewayConfig): void =>
    secrets.follow(inForce.secrets ?? [], { onChange: () => onChange(), log });
  const app = await assemble({
    ...{ config, dataDir: resolveDataDir(options), environment, identity, log, inProcess },
    ...{ loadFile: load, onApplied: followSecrets },
  });
  try {
    const address = await app.listen(host, port).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      const remedy = 'Stop what uses it, or choose another: --port 0 picks a free one.';
      throw new CommandError(EXIT.failed, `port ${port} is in use`, remedy);
    });
    // Only now: a key that is made must also be shown.
    const keyCreated = await app.createFirstKey();
    onChange = app.reload;
    followSecrets(app.gateway.config());
    if (options.json) {
      const models = config.providers === undefined ? {} : { modelsUrl: `${address.url}/v1` };
      printJson({ url: address.url, mcpUrl: `${address.url}/mcp`, ...models, keyCreated: keyCreated ?? null });
    } else sayWhereItIs(app, address.url, keyCreated, options, relative(process.cwd(), file) || dirname(file));
    const signal = await stopped;
    log.info('stopping', { signal });
  } finally {
    stopping.abort();
    await secrets[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  }
}

/** Adds `serve`, which is also what `portcullis` alone does. */
export function serveCommand(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('Start the gateway')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('-d, --data <dir>', 'data folder (default: .portcullis beside the configuration file)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, or listen.host)')
    .option('--port <number>', 'port to listen on, 0 picks a free one (default: 8484, or listen.port)', parsePort)
    .option('--json', 'print one line of JSON with url, mcpUrl and keyCreated once the gateway listens')
    .addHelpText(
      'after',
      '\nExamples:\n  portcullis\n  portcullis serve --config gateway/portcullis.json --port 9000\n  portcullis serve --port 0 --json',
    )
    .action(async (options: ServeOptions, command: Command) => {
      await serve(options, command.getOptionValueSource('config') !== 'default');
    });
}
