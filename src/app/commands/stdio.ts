/** `portcullis stdio`: lets clients that can only start a program use the running gateway. */

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { onOneLine } from '../../lib/json-text.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { endpointPath, type GatewayOptions, resolveGateway, withGatewayOptions } from './shared-options.ts';
import { createBridge } from './stdio/bridge.ts';
import { createHttpFace, MAX_MESSAGE_CHARS } from './stdio/http-face.ts';
import { readLines } from './stdio/read-lines.ts';
import { printNote } from './terminal.ts';

/** Requests still under way when the client closes our input get this long. */
const GRACE_MS = 5_000;

interface StdioOptions extends GatewayOptions {
  readonly server?: string;
  readonly toolset?: string;
}

async function runStdio(options: StdioOptions): Promise<void> {
  const address = resolveGateway(options);
  const mcpUrl = `${address.url}${endpointPath(options)}`;
  const stop = new AbortController();
  const face = createHttpFace({ mcpUrl, key: address.key });
  const bridge = createBridge({
    face,
    async write(text) {
      if (!process.stdout.write(`${onOneLine(text)}\n`)) await once(process.stdout, 'drain', { signal: stop.signal });
    },
    note: (text) => printNote(`portcullis stdio: ${text}`),
    signal: stop.signal,
  });
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      process.stdin.destroy();
    });
  }
  if (address.key === undefined) printNote('portcullis stdio: no key: set PORTCULLIS_KEY, or pass --key');
  try {
    process.stdin.setEncoding('utf8');
    for await (const line of readLines(process.stdin, MAX_MESSAGE_CHARS)) await bridge.receive(line);
  } catch (error) {
    if (!isInterrupted) throw new CommandError(EXIT.failed, messageOf(error));
  } finally {
    const graceMs = isInterrupted ? 0 : GRACE_MS;
    await Promise.race([bridge.idle(), sleep(graceMs, undefined, { ref: false })]);
    await bridge.close();
    stop.abort();
    await face.close();
  }
}

/** Adds the command. */
export function stdioCommand(program: Command): void {
  withGatewayOptions(program.command('stdio'))
    .description('Speak MCP on standard input and output, for clients that only start programs')
    .option('--server <id>', 'reach this one server (/mcp/ID), with its own tool names')
    .option('--toolset <name>', 'reach this toolset (/mcp/t/NAME)')
    .addHelpText(
      'after',
      `
For the configuration of such a client:
  { "command": "portcullis", "args": ["stdio"], "env": { "PORTCULLIS_KEY": "pck_…" } }`,
    )
    .action(runStdio);
}
