/** Listing tools through the gateway, and waiting for servers that are still starting. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../contracts/json.ts';
import { CommandError, EXIT } from './command-error.ts';
import { type GatewayAddress, getJson, requestMcp } from './gateway-client.ts';
import { printNote } from './terminal.ts';

export interface ListedTool extends JsonObject {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: JsonObject;
}

const MAX_PAGES = 1000;
/** As long as a server may take to start, unless configured otherwise. */
const MAX_START_WAIT_MS = 120_000;
const START_POLL_MS = 250;

/** Every tool this key may see, page by page. `server` narrows to one server; with `toolset`, as its endpoint shows them. */
export async function listTools(
  address: GatewayAddress,
  server: string | undefined,
  signal: AbortSignal,
  toolset?: string,
): Promise<ListedTool[]> {
  const tools: ListedTool[] = [];
  const headers: { [name: string]: string } = server === undefined ? {} : { 'x-portcullis-servers': server };
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const reply = await requestMcp(address, { method: 'tools/list', params, headers, signal, toolset });
    if (reply.type === 'error') throw new CommandError(EXIT.failed, `listing tools failed: ${reply.message}`);
    for (const tool of (reply.result.tools ?? []) as ListedTool[]) tools.push(tool);
    cursor = typeof reply.result.nextCursor === 'string' ? reply.result.nextCursor : undefined;
    if (cursor === undefined) return tools;
  }
  throw new CommandError(EXIT.failed, `the list of tools does not end after ${MAX_PAGES} pages`);
}

/** Waits while the server that a tool seems to belong to is starting. True if it was, and is no longer. */
export async function waitForServer(address: GatewayAddress, toolName: string, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + MAX_START_WAIT_MS;
  for (let waited = false; performance.now() < deadline; waited = true) {
    const { body } = await getJson(address, '/ready', signal);
    const servers = (body as { readonly servers?: readonly { id: string; state: string }[] } | null)?.servers ?? [];
    const server = servers.find(({ id, state }) => state === 'starting' && toolName.startsWith(`${id}__`));
    if (server === undefined) return waited;
    if (!waited) printNote(`Waiting for ${server.id} to start…`);
    await sleep(START_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
