/** `portcullis init`: writes a first configuration, from what other programs already have or from scratch. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { cancel, confirm, intro, isCancel, multiselect, note, outro } from '@clack/prompts';
import type { Command } from 'commander';
import type { JsonObject } from '../../contracts/json.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { findServers, readServers } from './init/find-servers.ts';
import { renderConfig } from './init/render-config.ts';
import { parsePort } from './parse-port.ts';
import { DEFAULT_CONFIG } from './shared-options.ts';
import { print, printJson, printNote } from './terminal.ts';

interface InitOptions {
  readonly config: string;
  readonly from: readonly string[];
  readonly example?: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXAMPLE_SERVERS: JsonObject = {
  everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'] },
  memory: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory@2026.8.31'] },
};

function readFrom(file: string): JsonObject {
  let servers: JsonObject;
  try {
    servers = readServers(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.failed, `cannot take servers from ${file}: ${messageOf(error)}`);
  }
  if (Object.keys(servers).length > 0) return servers;
  throw new CommandError(EXIT.failed, `${file} holds no "mcpServers"`, "It has to be a client's JSON configuration.");
}

/** Asks which of the servers on this machine to take over. Undefined: the person gave up. */
async function askForServers(file: string): Promise<JsonObject | undefined> {
  intro('portcullis init');
  const place = { platform: process.platform, home: homedir(), cwd: process.cwd(), env: readEnvironment() };
  const choices = findServers(place).flatMap((found) =>
    Object.entries(found.servers).map(([name, entry]) => ({ name, entry, from: found.title, file: found.file })),
  );
  let servers: JsonObject = {};
  if (choices.length > 0) {
    const chosen = await multiselect({
      message: 'Servers found on this machine; which ones should the gateway run?',
      options: choices.map((choice, value) => ({ value, label: choice.name, hint: `${choice.from}, ${choice.file}` })),
      initialValues: choices.map((_, index) => index),
      required: false,
    });
    if (isCancel(chosen)) return undefined;
    servers = Object.fromEntries(
      chosen.flatMap((index) => {
        const choice = choices[index];
        return choice === undefined ? [] : [[choice.name, choice.entry] as const];
      }),
    );
  }
  if (Object.keys(servers).length === 0) {
    const example = await confirm({ message: 'Begin with two servers to try out (everything, memory)?' });
    if (isCancel(example)) return undefined;
    if (example) servers = EXAMPLE_SERVERS;
  }
  note(Object.keys(servers).join('\n') || '(none)', 'Servers');
  const go = await confirm({ message: `Write ${relative(process.cwd(), file) || file}?` });
  return isCancel(go) || !go ? undefined : servers;
}

async function chooseServers(options: InitOptions, file: string): Promise<JsonObject | undefined> {
  if (options.from.length > 0) return Object.assign({}, ...options.from.map((from) => readFrom(resolve(from))));
  if (options.example) return EXAMPLE_SERVERS;
  const canAsk = process.stdin.isTTY && process.stdout.isTTY && !options.yes && !options.json;
  return canAsk ? askForServers(file) : {};
}

async function runInit(options: InitOptions): Promise<void> {
  const file = resolve(options.config);
  const exists = existsSync(file);
  if (exists && !options.force) {
    throw new CommandError(
      EXIT.failed,
      `${options.config} exists already`,
      'Write another with --config, or over it with --force.',
    );
  }
  const servers = await chooseServers(options, file);
  if (servers === undefined) {
    cancel('Nothing was written.');
    process.exitCode = EXIT.failed;
    return;
  }
  const text = renderConfig({ servers, host: options.host, port: options.port });
  const result = parseConfig(text, { file, env: readEnvironment() });
  mkdirSync(dirname(file), { recursive: true });
  // Entries taken over may hold secrets.
  writeFileSync(file, text, { mode: 0o600, flag: exists ? 'w' : 'wx' });

  const remarks = result.ok ? result.warnings : result.problems;
  if (options.json) printJson({ file, servers: Object.keys(servers), ok: result.ok, remarks });
  else {
    print(`${options.config}: ${Object.keys(servers).length} servers`);
    if (remarks.length > 0) printNote(renderProblems(remarks, options.config));
    if (!result.ok) printNote('Mend these, then run `portcullis check`.');
    const flag = options.config === DEFAULT_CONFIG ? '' : ` --config ${options.config}`;
    const next = `Start the gateway with: portcullis serve${flag}`;
    if (process.stdout.isTTY) outro(next);
    else printNote(next);
  }
}

/** Adds the command. */
export function initCommand(program: Command): void {
  program
    .command('init')
    .description('Write a first configuration; asks on a terminal, takes flags elsewhere')
    .option('-c, --config <file>', 'file to write', DEFAULT_CONFIG)
    .option(
      '--from <file>',
      "take over the servers of a client's configuration; repeat for more",
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--example', 'begin with two servers to try out')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port to listen on', parsePort)
    .option('-y, --yes', 'ask nothing')
    .option('--force', 'overwrite an existing file')
    .option('--json', 'ask nothing, and print what was written as JSON')
    .addHelpText(
      'after',
      `
Examples:
  portcullis init
  portcullis init --from ~/.cursor/mcp.json --yes
  portcullis init --example --port 9000`,
    )
    .action(runInit);
}
