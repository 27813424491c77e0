/** The servers of the script suite in this process, one path each: streamable HTTP, what arrived written down, calls held until they are together. */

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { recordedTools } from '../../support/recorded-tools.ts';
import type { Cleanup } from '../../support/temp-dir.ts';
import { createGithub } from './servers/github.ts';
import { createGitlab, createKubernetes, createPostgres } from './servers/operations.ts';
import { type Arguments, type RecordedServer, type RecordedTool, ToolFault } from './servers/recorded-server.ts';
import { createSlack } from './servers/slack.ts';
import { createAirtable, createJira, createNotion } from './servers/trackers.ts';

const CREATE: { readonly [serverId: string]: () => RecordedServer } = {
  ...{ github: createGithub, slack: createSlack, jira: createJira, airtable: createAirtable, notion: createNotion },
  ...{ kubernetes: createKubernetes, gitlab: createGitlab, postgres: createPostgres },
};
/** Under which name the published definitions of a server were recorded, where it is another. */
const RECORDED_AS: { readonly [serverId: string]: string } = { jira: 'atlassian_jira' };
/** Calls that should come together and do not are let go after this. */
const MAX_HELD_MS = 3_000;

/** A call that arrived. */
export interface Arrived {
  readonly tool: string;
  readonly arguments: Arguments;
}

export interface RecordedServers {
  /** As `mcpServers` entries. */
  readonly entries: { readonly [serverId: string]: { readonly type: 'http'; readonly url: string } };
  /** All of them as new. Calls of `tool` are held until `calls` of them are under way. */
  begin(together: { readonly tool: string; readonly calls: number } | undefined): void;
  /** Since then, oldest first. */
  arrived(): readonly Arrived[];
  /** Of the tool that was held, at once. */
  mostTogether(): number;
}

interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: Arguments; readonly protocolVersion?: string };
}

/** Fresh servers by id. */
export const createServers = (): ReadonlyMap<string, RecordedServer> =>
  new Map(Object.entries(CREATE).map(([id, create]) => [id, create()]));

/** The result of `tools/call`, as these servers give it. */
export function resultOf(tool: RecordedTool | undefined, args: Arguments): object {
  try {
    if (tool === undefined) throw new ToolFault('Unknown tool');
    const value = tool.answer(args);
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    return { content: [{ type: 'text', text }], ...(tool.structured && { structuredContent: value }) };
  } catch (error) {
    if (!(error instanceof ToolFault)) throw error;
    return { content: [{ type: 'text', text: error.message }], isError: true };
  }
}

export async function startRecorded(cleanup: Cleanup): Promise<RecordedServers> {
  let servers = createServers();
  const arrived: Arrived[] = [];
  const gate = createGate();
  const published = recordedTools();
  const isAtHand = published.origin === 'recorded definitions';

  const definitionsOf = (serverId: string): object[] => {
    const known = isAtHand ? (published.servers.get(RECORDED_AS[serverId] ?? serverId) ?? []) : [];
    const byName = new Map(known.map((definition) => [definition.name, definition]));
    return Object.entries(servers.get(serverId) ?? {}).map(
      ([name, tool]) => byName.get(name) ?? definitionOf(name, tool),
    );
  };
  const answer = async (serverId: string, { method, params }: Request): Promise<object> => {
    if (method === 'initialize')
      return {
        protocolVersion: params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: serverId, version: '1' },
      };
    if (method === 'tools/list') return { tools: definitionsOf(serverId) };
    if (method !== 'tools/call') return {};
    const [name, args] = [params?.name ?? '', params?.arguments ?? {}];
    const tool = `${serverId}.${name}`;
    arrived.push({ tool, arguments: args });
    await gate.pass(tool);
    return resultOf(servers.get(serverId)?.[name], args);
  };

  const http = createServer((request, response) => {
    void (async () => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const message = (await json(request)) as Request;
      if (message.id === undefined) return void response.writeHead(202).end();
      const reply =
        message.method === 'server/discover'
          ? { error: { code: -32601, message: 'Method not found' } }
          : { result: await answer((request.url ?? '').slice(1), message) };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...reply }));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanup.after(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    entries: Object.fromEntries(
      [...servers.keys()].map((id) => [id, { type: 'http', url: `http://127.0.0.1:${port}/${id}` }]),
    ),
    begin(together) {
      servers = createServers();
      arrived.length = 0;
      gate.begin(together);
    },
    arrived: () => [...arrived],
    mostTogether: () => gate.most(),
  };
}

/** Made up from what the table says of a tool. */
function definitionOf(name: string, { description, parameters }: RecordedTool): object {
  const names = Object.keys(parameters);
  const properties = Object.fromEntries(names.map((each) => [each.replace('?', ''), { type: parameters[each] }]));
  const required = names.filter((each) => !each.endsWith('?'));
  return { name, description, inputSchema: { type: 'object', properties, required } };
}

function createGate() {
  let wanted: { readonly tool: string; readonly calls: number } | undefined;
  let waiting: (() => void)[] = [];
  let under = 0;
  let most = 0;
  const open = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  return {
    begin(together: typeof wanted): void {
      open();
      [wanted, waiting, under, most] = [together, [], 0, 0];
    },
    most: () => most,
    async pass(tool: string): Promise<void> {
      if (tool !== wanted?.tool) return;
      most = Math.max(most, ++under);
      if (under >= wanted.calls) open();
      else if (most < wanted.calls) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        const timer = setTimeout(resolve, MAX_HELD_MS);
        await promise;
        clearTimeout(timer);
      }
      under--;
    },
  };
}
