/** `portcullis tools list|call`: what a key can see, and one call by hand, through the running gateway. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { JsonObject } from '../../contracts/json.ts';
import { CommandError, EXIT } from './command-error.ts';
import { requestMcp } from './gateway-client.ts';
import { type ListedTool, listTools, waitForServer } from './list-tools.ts';
import { renderContent } from './render-content.ts';
import { type GatewayOptions, isToolsetName, resolveGateway, withGatewayOptions } from './shared-options.ts';
import { paintNote, print, printJson, printNote, printTable } from './terminal.ts';
import { headersForTool, parseArguments } from './tool-arguments.ts';

const HEADER_MISMATCH = -32020;
const INVALID_PARAMS = -32602;

function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

interface ListOptions extends GatewayOptions {
  readonly server?: string;
  readonly toolset?: string;
  readonly json?: boolean;
}

async function runList(options: ListOptions): Promise<void> {
  const { server, toolset } = options;
  if (toolset !== undefined && !isToolsetName(toolset))
    throw new CommandError(EXIT.usage, `${JSON.stringify(toolset)} is no name of a toolset`);
  const tools = await listTools(resolveGateway(options), server, interruptible(), toolset);
  if (options.json) {
    printJson(tools);
    return;
  }
  if (tools.length === 0) printNote('This key sees no tools. `portcullis servers` shows which servers are ready.');
  printTable(
    ['TOOL', 'DESCRIPTION'],
    tools.map((tool) => [tool.name, (tool.description ?? '').trim().split('\n')[0] ?? '']),
  );
}

interface CallOptions extends GatewayOptions {
  readonly args?: string;
  readonly arg: readonly string[];
  readonly timeout: string;
  readonly json?: boolean;
}

function readArgumentText(text: string): string {
  if (text === '-') return readFileSync(0, 'utf8');
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8');
  } catch {
    throw new CommandError(EXIT.usage, `cannot read the arguments from ${text.slice(1)}`);
  }
}

async function runCall(name: string, options: CallOptions): Promise<void> {
  const address = resolveGateway(options);
  const signal = interruptible();
  const timeoutMs = Number(options.timeout) * 1000;
  if (!(timeoutMs > 0 && timeoutMs <= 2_000_000_000)) {
    throw new CommandError(EXIT.usage, '--timeout wants a number of seconds');
  }
  let listed: ListedTool | undefined;
  const findTool = async (): Promise<ListedTool | undefined> => {
    // Right after its start a gateway may not have heard yet what a server offers.
    do listed ??= (await listTools(address, undefined, signal)).find((tool) => tool.name === name);
    while (listed === undefined && (await waitForServer(address, name, signal)));
    return listed;
  };
  const text = options.args === undefined ? undefined : readArgumentText(options.args);
  // The schema is only needed to know what type `--arg limit=5` means.
  const schema = options.arg.length > 0 ? (await findTool())?.inputSchema : undefined;
  const args = parseArguments(text, options.arg, schema);

  const call = (headers: { readonly [name: string]: string }) =>
    requestMcp(address, {
      method: 'tools/call',
      params: { name, arguments: args, ...(process.stderr.isTTY ? { _meta: { progressToken: 1 } } : {}) },
      name,
      headers,
      signal,
      timeoutMs,
      onNotification: showProgress,
    });
  let reply = await call({});
  while (reply.type === 'error' && reply.code === INVALID_PARAMS && (await waitForServer(address, name, signal))) {
    reply = await call({});
  }
  if (reply.type === 'error' && reply.code === HEADER_MISMATCH) {
    const tool = await findTool();
    if (tool) reply = await call(headersForTool(tool.inputSchema, args));
  }
  if (reply.type === 'error') {
    throw new CommandError(
      EXIT.failed,
      `${name}: ${reply.message}`,
      // Of what is refused for other reasons a list says nothing.
      reply.code === INVALID_PARAMS ? '`portcullis tools list` shows what this key sees.' : undefined,
    );
  }
  if (options.json) printJson(reply.result);
  else for (const line of renderContent(reply.result)) print(line);
  if (reply.result.resultType === 'input_required') {
    throw new CommandError(EXIT.failed, `${name} asks the user something, which this command cannot answer`);
  }
  if (reply.result.isError === true) process.exitCode = EXIT.failed;
}

function showProgress(method: string, params: JsonObject): void {
  if (!process.stderr.isTTY || method !== 'notifications/progress') return;
  const total = params.total === undefined ? '' : `/${String(params.total)}`;
  const message = typeof params.message === 'string' ? ` ${params.message.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')}` : '';
  printNote(paintNote('dim', `… ${String(params.progress)}${total}${message}`));
}

/** Adds the command. */
export function toolsCommand(program: Command): void {
  const tools = program.command('tools').description('List and call tools through the running gateway');
  withGatewayOptions(tools.command('list'))
    .description('List the tools that this key may see')
    .option('--server <name>', 'only those of this server')
    .option('--toolset <name>', 'those of this toolset (/mcp/t/NAME), under its names')
    .option('--json', 'print the whole definitions as one JSON array')
    .action(runList);
  withGatewayOptions(tools.command('call'))
    .description('Call one tool and print its answer')
    .argument('<name>', 'tool name as `tools list` shows it')
    .option('-a, --args <json>', 'arguments as a JSON object; @FILE reads a file, - standard input')
    .option(
      '--arg <name=value>',
      'one argument; repeat for more',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--timeout <seconds>', 'give up after this long', '300')
    .option('--json', 'print the whole result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  portcullis tools call everything__echo --arg message=hello
  portcullis tools call everything__get-sum --args '{"a": 2, "b": 3}'

The exit code is 1 if the tool answers with an error.`,
    )
    .action(runCall);
}
