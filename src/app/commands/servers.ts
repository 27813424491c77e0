/** `portcullis servers`: the live state of every upstream server, asked from the running gateway. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { CommandError, EXIT } from './command-error.ts';
import { type GatewayAddress, getJson } from './gateway-client.ts';
import { type GatewayOptions, resolveGateway, withGatewayOptions } from './shared-options.ts';
import { type Cell, print, printJson, printNote, printTable } from './terminal.ts';

/** One entry of `/ready`; without a key that may reach the server, only the first three members are there. */
interface ListedServer {
  readonly id: string;
  readonly state: string;
  readonly since: string;
  readonly transport?: string;
  readonly era?: string | null;
  readonly protocolVersion?: string | null;
  readonly tools?: number;
  readonly prompts?: number;
  readonly resources?: number;
  readonly restarts?: number;
  readonly problems?: readonly string[];
  readonly circuit?: string;
  readonly lastFailure?: { readonly stage: string; readonly message: string; readonly at: string } | null;
}

const WATCH_EVERY_MS = 1000;

async function readServers(address: GatewayAddress, signal: AbortSignal): Promise<readonly ListedServer[]> {
  const { body } = await getJson(address, '/ready', signal);
  const servers = (body as { readonly servers?: unknown } | null)?.servers;
  if (Array.isArray(servers)) return servers as readonly ListedServer[];
  throw new CommandError(EXIT.unreachable, `${address.url} answers, but is no Portcullis gateway`);
}

/** An open circuit matters more than that the connection is there. */
function stateCell({ state, circuit }: ListedServer): Cell {
  if (circuit !== undefined && circuit !== 'closed') return { text: `circuit ${circuit}`, style: 'red' };
  const style = state === 'healthy' ? 'green' : state === 'failed' || state === 'needs_auth' ? 'red' : 'yellow';
  return { text: state, style: state === 'disabled' ? 'dim' : style };
}

/** A failure is worth showing as long as the server has not recovered from it, and so is what does not work in one that runs. */
function failureText(server: ListedServer): string {
  const failure = server.lastFailure;
  const hasRecovered = server.state === 'healthy' && (server.circuit ?? 'closed') === 'closed';
  if (failure && !hasRecovered) return `${failure.stage}: ${failure.message}`;
  return (server.problems ?? []).join(' | ');
}

function printServers(servers: readonly ListedServer[]): void {
  if (servers.length === 0) printNote('The gateway has no servers. `portcullis init` adds some.');
  const number = (n: number | undefined): string => n?.toString() ?? '-';
  printTable(
    ['SERVER', 'STATE', 'SINCE', 'TRANSPORT', 'MCP', 'TOOLS', 'PROMPTS', 'RESOURCES', 'RESTARTS', 'LAST FAILURE'],
    servers.map((server) => [
      server.id,
      stateCell(server),
      server.since.replace('T', ' ').replace(/\.\d+Z$/, 'Z'),
      server.transport ?? '-',
      server.protocolVersion ?? '-',
      number(server.tools),
      number(server.prompts),
      number(server.resources),
      number(server.restarts),
      failureText(server),
    ]),
  );
}

interface ServersOptions extends GatewayOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

async function runServers(options: ServersOptions): Promise<void> {
  const address = resolveGateway(options);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let shown = '';
  for (;;) {
    const servers = await readServers(address, stop.signal);
    const text = JSON.stringify(servers);
    if (text !== shown) {
      if (shown !== '' && !options.json) print();
      if (options.json) printJson(servers);
      else printServers(servers);
      if (address.key === undefined && !options.json) printNote('With a key (--key) there is more to see.');
    }
    shown = text;
    if (!options.watch) return;
    await sleep(WATCH_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
  }
}

/** Adds the command. */
export function serversCommand(program: Command): void {
  withGatewayOptions(program.command('servers'))
    .description('Show the live state of every server behind the gateway')
    .option('-w, --watch', 'keep showing them whenever something changes')
    .option('--json', 'print as a JSON array')
    .action(runServers);
}
