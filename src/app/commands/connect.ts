/** `portcullis connect CLIENT`: prints, or merges into its file, the configuration that points a client at the gateway. */

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { readEnvironment } from '../../platform/config/environment.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { CLIENTS, type ClientProfile, type Connection, type Place, type Scope } from './connect/clients.ts';
import { mergeEntry, renderEntry } from './connect/merge-entry.ts';
import { endpointPath, type GatewayOptions, resolveGateway, withGatewayOptions } from './shared-options.ts';
import { paint, print, printJson, printNote } from './terminal.ts';
import { writeWithBackup } from './write-with-backup.ts';

interface ConnectOptions extends GatewayOptions {
  readonly name: string;
  readonly server?: string;
  readonly toolset?: string;
  readonly project?: boolean;
  readonly envKey?: boolean;
  readonly write?: boolean;
  readonly file?: string;
  readonly json?: boolean;
}

/** How a client that starts us finds us: absolute paths, because desktop programs have no useful PATH. */
function bridgeCommand(): Connection['bridge'] {
  const script = process.argv[1] ?? '';
  // A package run by npx lies in a cache that may be emptied.
  if (/[\\/]_npx[\\/]/.test(script)) return { command: 'npx', args: ['-y', 'portcullis'] };
  return { command: process.execPath, args: [resolve(script)] };
}

function connectionFrom(options: ConnectOptions, scope: Scope): Connection {
  const address = resolveGateway(options);
  const { server, toolset } = options;
  const mcpUrl = `${address.url}${endpointPath(options)}`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.name)) {
    throw new CommandError(EXIT.usage, '--name wants letters, digits, - and _');
  }
  // A project's file is committed: a key never goes there.
  const key = scope === 'project' || options.envKey ? undefined : address.key;
  return { name: options.name, url: address.url, mcpUrl, server, toolset, key, bridge: bridgeCommand() };
}

function showEntry(profile: ClientProfile, file: string, connection: Connection, scope: Scope): void {
  const command = profile.command?.(connection, scope);
  if (command !== undefined) {
    print(paint('dim', `# ${profile.title} can do it itself:`));
    print(command);
    print();
  }
  print(paint('dim', `# ${command === undefined ? 'In' : 'Or in'} ${file}:`));
  print(renderEntry(profile, profile.entry(connection)).trimEnd());
  printNote(`\nWith --write this is merged into that file, a copy of the old one beside it.`);
}

function runConnect(clientId: string, options: ConnectOptions): void {
  const profile = CLIENTS.find((client) => client.id === clientId);
  if (profile === undefined) throw new CommandError(EXIT.usage, `there is no client ${clientId}`);
  const scope: Scope = options.project ? 'project' : 'user';
  const place: Place = { platform: process.platform, home: homedir(), cwd: process.cwd(), env: readEnvironment() };
  const file = options.file === undefined ? profile.file(place, scope) : resolve(options.file);
  if (file === undefined) throw new CommandError(EXIT.usage, `${profile.title} has no configuration per project`);
  const connection = connectionFrom(options, scope);

  if (!options.write) {
    const entry = profile.entry(connection);
    if (options.json) printJson({ file, ...entry, command: profile.command?.(connection, scope) ?? null });
    else showEntry(profile, file, connection, scope);
    return;
  }
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  let after: string;
  try {
    after = mergeEntry(profile, before, profile.entry(connection));
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      `${file} was left as it is: ${messageOf(error)}`,
      'Repair it, or add the entry by hand.',
    );
  }
  const backup = after === before ? undefined : writeWithBackup(file, after, Date.now());
  if (options.json) {
    printJson({ file, changed: after !== before, backup: backup ?? null });
    return;
  }
  if (after === before) print(`${file} has this entry already.`);
  else print(`${paint('green', 'written')} ${file}${backup === undefined ? '' : `, the old one is ${backup}`}`);
  if (connection.key === undefined && profile.id !== 'vscode') {
    printNote(
      profile.id === 'claude-desktop'
        ? 'Put the key into its env entry: Claude Desktop does not see your shell.'
        : 'The entry takes the key from the environment variable PORTCULLIS_KEY: set it where the client starts.',
    );
  }
  printNote(profile.afterwards);
}

/** Adds the command. */
export function connectCommand(program: Command): void {
  const command = program
    .command('connect')
    .description('Show or write the configuration that connects a client to the gateway')
    .addArgument(new Argument('<client>', 'which client').choices(CLIENTS.map((client) => client.id)));
  withGatewayOptions(command)
    .option('--name <name>', 'what the client calls the gateway', 'portcullis')
    .option('--server <id>', 'connect to this one server (/mcp/ID), with its own tool names')
    .option('--toolset <name>', 'connect to this toolset (/mcp/t/NAME)')
    .option('--project', "the project's file in this folder, instead of your own; the key is then never written")
    .option('--env-key', 'refer to the environment variable PORTCULLIS_KEY instead of writing the key')
    .option('-w, --write', "merge it into the client's file, keeping a dated copy of the old one")
    .option('--file <file>', "the client's file, if it is not in its usual place")
    .option('--json', 'print what would be, or was, written as JSON')
    .addHelpText(
      'after',
      `
Examples:
  portcullis connect claude-code --key pck_…
  portcullis connect cursor --write --env-key
  portcullis connect vscode --write --project`,
    )
    .action(runConnect);
}
