/**
 * What the suite's client scenarios start: a gateway whose one server is the scenario's, and a client that does what the
 * scenario wants to see through it. The scenario's URL is the last argument; MCP_CONFORMANCE_PROTOCOL_VERSION is the client's era.
 */

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { sendModern } from '../support/raw-client.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

type Json = Record<string, unknown>;
type Send = (method: string, params: Json) => Promise<Json>;
interface Tool {
  readonly name: string;
  readonly inputSchema: { readonly properties?: Record<string, Json>; readonly required?: readonly string[] };
}

const KEY = 'pck_conformance_0123456789abcdef';
/** A scenario has 30 s; a server that wants a sign-in is known by then. */
const SETTLE_MS = 12_000;
const MAX_ROUNDS = 5;
/** More sign-ins than any scenario needs. */
const MAX_SIGN_INS = 5;
/** The suite's own; nobody has to be able to read it. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';
const CAPABILITIES = { elicitation: { form: { applyDefaults: true } } };

/** As 2026-07-28 wants it: what is no plain text of visible characters goes as base64. */
function encodeHeader(value: string): string {
  const isPlain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?');
  return isPlain || value === '' ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}

/** Headers for the arguments that the tool's definition wants to see in one. */
function mirrorArguments(tool: Tool | undefined, args: Json): Record<string, string> {
  const mirrored = Object.entries(tool?.inputSchema.properties ?? {}).flatMap(([name, schema]): [string, string][] => {
    const header = schema['x-mcp-header'];
    const value = args[name];
    return typeof header === 'string' && value !== undefined && value !== null
      ? [[`mcp-param-${header}`, encodeHeader(String(value))]]
      : [];
  });
  return Object.fromEntries(mirrored);
}

/** A client of 2026-07-28, which agrees to every form. */
function createModernClient(url: string): Send {
  const tools = new Map<string, Tool>();
  return async (method, params) => {
    const tool = method === 'tools/call' ? tools.get(String(params.name)) : undefined;
    const headers = mirrorArguments(tool, (params.arguments ?? {}) as Json);
    let round: Json = {};
    for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
      const { result, error, status } = await sendModern({
        ...{ url, key: KEY, method, params: { ...params, ...round }, headers },
        capabilities: { elicitation: {} },
      });
      if (result === undefined) throw new Error(`${method}: HTTP ${status}: ${JSON.stringify(error)}`);
      for (const listed of (result.tools ?? []) as Tool[]) tools.set(listed.name, listed);
      if (result.resultType !== 'input_required') return result;
      const { inputRequests = {}, requestState } = result as { inputRequests?: Json; requestState?: string };
      const answer = { action: 'accept', content: { confirmed: true } };
      round = {
        inputResponses: Object.fromEntries(Object.keys(inputRequests).map((key) => [key, answer])),
        ...(requestState === undefined ? {} : { requestState }),
      };
    }
    throw new Error(`${method}: asked more than ${MAX_ROUNDS} times`);
  };
}

/** A client of 2025-11-25, which agrees to every form and leaves the defaults to its SDK. */
async function createLegacyClient(url: string): Promise<Send> {
  const client = new Client({ name: 'conformance-client', version: '1.0.0' }, { capabilities: CAPABILITIES });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }));
  const headers = { authorization: `Bearer ${KEY}` };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return async (method, params) => (await client.request({ method, params } as never, ResultSchema)) as Json;
}

function sampleOf(schema: Json): unknown {
  switch (schema.type) {
    case 'number':
    case 'integer':
      return 5;
    case 'boolean':
      return true;
    case 'object':
      return {};
    case 'array':
      return [];
    default:
      return 'sample';
  }
}

function sampleArguments(tool: Tool, tools: readonly Tool[]): Json {
  // It wants to see the definition of the other tool as it reached us.
  if (tool.name === 'json_schema_echo') return { schema: tools.find(({ name }) => name !== tool.name)?.inputSchema };
  const { properties = {}, required = [] } = tool.inputSchema;
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
}

/** Everything a scenario could want to see; a scenario without tools has only been listed. */
async function exercise(send: Send, context: Context): Promise<void> {
  const tools = ((await send('tools/list', {})).tools ?? []) as Tool[];
  const calls =
    context.toolCalls ?? tools.map((tool) => ({ name: tool.name, arguments: sampleArguments(tool, tools) }));
  // At the same time: a call must not get what belongs to another.
  const called = await Promise.allSettled(calls.map((call) => send('tools/call', call)));
  // Some servers list what they do not serve.
  for (const outcome of called) if (outcome.status === 'rejected') report(outcome.reason);
  const { resources } = await send('resources/list', {}).catch((): Json => ({}));
  for (const { uri } of (resources ?? []) as Json[]) await send('resources/read', { uri });
  const { prompts } = await send('prompts/list', {}).catch((): Json => ({}));
  for (const { name } of (prompts ?? []) as Json[]) await send('prompts/get', { name });
}

function report(error: unknown): void {
  process.stderr.write(`client-driver: ${error instanceof Error ? error.message : String(error)}\n`);
}

async function settled(gateway: StartedGateway): Promise<void> {
  await waitFor('the server to settle', async () => (await gateway.states()).subject !== 'starting', SETTLE_MS);
}

/** Signs in as a person would: asks for the address, opens it, agrees, and is sent back to the gateway. False: there is none. */
async function signIn(gateway: StartedGateway): Promise<boolean> {
  const url = await runCli('login', 'subject', '--data', gateway.dataDir).catch(report);
  if (url === undefined) return false;
  let next: string | null = url.trim();
  for (let hops = 0; next !== null && hops < MAX_ROUNDS; hops++) {
    const answer: Response = await fetch(next, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location === null && answer.status >= 400) throw new Error(await answer.text());
    next = location === null ? null : new URL(location, next).href;
  }
  return true;
}

/** Until the server is there, and nobody has to sign in any more. */
async function settleAndSignIn(gateway: StartedGateway): Promise<void> {
  for (let signIns = 0; signIns < MAX_SIGN_INS; signIns++) {
    await settled(gateway).catch(() => undefined);
    if ((await gateway.states()).subject !== 'needs_auth' || !(await signIn(gateway))) return;
    await waitFor('the server to be there', async () => (await gateway.states()).subject !== 'needs_auth', 2_000).catch(
      report,
    );
  }
}

interface Context {
  readonly toolCalls?: readonly Json[];
  /** Registered beforehand. */
  readonly client_id?: string;
  readonly client_secret?: string;
}

const cleanup = createCleanup();
const { MCP_CONFORMANCE_PROTOCOL_VERSION: version = '', MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env;
try {
  const subject = { type: 'http', url: process.argv.at(-1) ?? '' };
  const known = JSON.parse(context) as Context;
  const oauth =
    known.client_id === undefined
      ? { clientMetadataUrl: CLIENT_METADATA_URL }
      : { clientId: known.client_id, clientSecret: known.client_secret };
  const gateway = await startGateway(cleanup, {
    config: {
      mcpServers: { subject },
      serverOptions: { subject: { oauth } },
      keys: [{ name: 'driver', value: KEY, allow: ['*'] }],
    },
  });
  await settleAndSignIn(gateway);
  const url = `${gateway.mcpUrl}/subject`;
  const send = version >= '2026' ? createModernClient(url) : await createLegacyClient(url);
  await exercise(send, known);
  // A call may have needed more than was agreed to, or found that the server wants somebody else's tokens now.
  for (let again = 0; again < MAX_SIGN_INS && (await signIn(gateway).catch(() => false)); again++) {
    await settleAndSignIn(gateway);
    await exercise(send, known);
  }
} catch (error) {
  report(error);
  process.exitCode = 1;
} finally {
  await cleanup.run();
  process.exit();
}
