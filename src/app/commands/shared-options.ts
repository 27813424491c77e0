/** Options that several commands share, and what they stand for: where the gateway is, where its data lies. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readEnvironment } from '../../platform/config/environment.ts';
import { CommandError, EXIT } from './command-error.ts';
import type { GatewayAddress } from './gateway-client.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8484';
export const DEFAULT_CONFIG = 'portcullis.json';

export interface GatewayOptions {
  readonly url?: string;
  readonly key?: string;
}

export interface DataOptions {
  readonly config?: string;
  readonly data?: string;
}

/** Whether a toolset could have this name; whether there is one, only the gateway knows. */
export function isToolsetName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}

/** The endpoint that `--server` or `--toolset` name, after the gateway's address. Throws CommandError. */
export function endpointPath({ server, toolset }: { readonly server?: string; readonly toolset?: string }): string {
  if (server !== undefined && toolset !== undefined)
    throw new CommandError(EXIT.usage, '--server and --toolset name different endpoints: give one of them');
  if (server !== undefined && !/^[A-Za-z0-9_-]+$/.test(server))
    throw new CommandError(EXIT.usage, `${JSON.stringify(server)} is no server id`);
  if (toolset !== undefined && !isToolsetName(toolset))
    throw new CommandError(EXIT.usage, `${JSON.stringify(toolset)} is no name of a toolset`);
  if (server !== undefined) return `/mcp/${server}`;
  return toolset === undefined ? '/mcp' : `/mcp/t/${toolset}`;
}

/** Adds `--url` and `--key`. */
export function withGatewayOptions(command: Command): Command {
  return command
    .option('--url <url>', `address of the gateway (default: PORTCULLIS_URL or ${DEFAULT_URL})`)
    .option('--key <key>', 'key to present (default: PORTCULLIS_KEY, which other users of this machine cannot see)');
}

/** Adds `--config` and `--data`. */
export function withDataOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('-d, --data <dir>', 'data folder (default: .portcullis beside the configuration file)');
}

/** The gateway's address without `/mcp` or a trailing slash, and the key; options win over the environment. */
export function resolveGateway(options: GatewayOptions): GatewayAddress {
  const env = readEnvironment();
  const text = options.url ?? (env.PORTCULLIS_URL || DEFAULT_URL);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CommandError(EXIT.usage, `${JSON.stringify(text)} is no URL`, `An address looks like ${DEFAULT_URL}.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CommandError(EXIT.usage, `${JSON.stringify(text)} is no http or https address`);
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/mcp$/, '');
  return { url: `${url.origin}${path}`, key: options.key ?? (env.PORTCULLIS_KEY || undefined) };
}

/** The data folder these options mean; it need not exist. */
export function resolveDataDir(options: DataOptions): string {
  if (options.data !== undefined) return resolve(options.data);
  return join(dirname(resolve(options.config ?? DEFAULT_CONFIG)), '.portcullis');
}

/** As `resolveDataDir`, but the folder must exist: for commands that only read. */
export function requireDataDir(options: DataOptions): string {
  const dataDir = resolveDataDir(options);
  if (existsSync(dataDir)) return dataDir;
  throw new CommandError(
    EXIT.failed,
    `there is no data folder ${dataDir}`,
    'Name the folder the gateway uses with --data, or its configuration file with --config.',
  );
}
