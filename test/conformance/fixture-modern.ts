/** The fixture in the modern era (2026-07-28), on the official SDK v2: a fresh server per request, questions as input_required. */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createMcpHandler,
  createRequestStateCodec,
  ProtocolError,
  Server,
  type ServerContext,
  type ServerNotifier,
} from '@modelcontextprotocol/server';
import { FIXTURE_CAPABILITIES, FIXTURE_INFO, type FixtureCatalog } from './fixture-catalog.ts';
import { FixtureError, type FixtureIo, type JsonObject, type Turn } from './fixture-content.ts';
import { bridge } from './fixture-http.ts';
import { findParamHeaderMismatch } from './fixture-param-headers.ts';

const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';

function createIo(context: ServerContext, notifier: ServerNotifier): FixtureIo {
  const { mcpReq } = context;
  const token = mcpReq._meta?.progressToken;
  return {
    era: 'modern',
    clientCapabilities: ((mcpReq.envelope as JsonObject | undefined)?.[CAPABILITIES_KEY] ?? {}) as JsonObject,
    answers: mcpReq.inputResponses ?? {},
    state: mcpReq.requestState(),
    async progress(progress, total) {
      if (token === undefined) return;
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress, total } });
    },
    log: (level, data) => mcpReq.log(level as Parameters<typeof mcpReq.log>[0], data),
    changed(list) {
      if (list === 'tools') notifier.toolsChanged();
      else notifier.promptsChanged();
    },
    updated: (uri) => notifier.resourceUpdated(uri),
    signal: mcpReq.signal,
    dropStream() {},
  };
}

/** A node:http handler for `/mcp` that speaks 2026-07-28 only. */
export function createModernFixture(
  catalog: FixtureCatalog,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const states = createRequestStateCodec({ key: randomBytes(32) });

  async function encodeTurn(turn: Turn, context: ServerContext): Promise<JsonObject> {
    if ('result' in turn) return turn.result;
    return {
      resultType: 'input_required',
      inputRequests: turn.questions,
      ...(turn.state === undefined ? {} : { requestState: await states.mint(turn.state, context) }),
    };
  }

  async function run(
    found: { run(args: JsonObject, io: FixtureIo): Turn | Promise<Turn> } | undefined,
    args: unknown,
    context: ServerContext,
  ): Promise<JsonObject> {
    if (found === undefined) throw new ProtocolError(-32602, 'Unknown name');
    try {
      const turn = await found.run((args ?? {}) as JsonObject, createIo(context, handler.notify));
      return await encodeTurn(turn, context);
    } catch (error) {
      throw error instanceof FixtureError ? new ProtocolError(error.code, error.message, error.data) : error;
    }
  }

  function createServer(): Server {
    const server = new Server(FIXTURE_INFO, {
      capabilities: FIXTURE_CAPABILITIES,
      requestState: { verify: (state, context) => states.verify(state, context) },
      cacheHints: { 'tools/list': { ttlMs: 1000, cacheScope: 'public' } },
    });
    const definitions = (items: readonly { definition: JsonObject }[]): never =>
      items.map(({ definition }) => definition) as never;
    server.setRequestHandler('tools/list', () => ({ tools: definitions(catalog.tools()) }));
    server.setRequestHandler('prompts/list', () => ({ prompts: definitions(catalog.prompts()) }));
    server.setRequestHandler('resources/list', ({ params }) => catalog.resources(params?.cursor) as never);
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: catalog.templates as never }));
    server.setRequestHandler('resources/read', ({ params }) => {
      const contents = catalog.read(params.uri);
      if (contents === undefined) throw new ProtocolError(-32602, 'Resource not found', { uri: params.uri });
      return { contents } as never;
    });
    server.setRequestHandler('completion/complete', ({ params }) => catalog.complete(params.argument.value) as never);
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      const tool = catalog.tools().find(({ definition }) => definition.name === params.name);
      return (await run(tool, params.arguments, context)) as never;
    });
    server.setRequestHandler(
      'prompts/get',
      async ({ params }, context) =>
        (await run(
          catalog.prompts().find(({ definition }) => definition.name === params.name),
          params.arguments,
          context,
        )) as never,
    );
    return server;
  }

  const handler = createMcpHandler(createServer, { legacy: 'reject' });
  /** Mirrored headers are checked in front of the SDK: it would answer a mismatch with status 200. */
  async function serve(request: Request): Promise<Response> {
    if (request.headers.get('mcp-method') !== 'tools/call') return handler.fetch(request);
    const body = (await request
      .clone()
      .json()
      .catch(() => ({}))) as { id?: unknown; params?: { name?: string; arguments?: JsonObject } };
    const tool = catalog.tools().find(({ definition }) => definition.name === body.params?.name);
    const mismatch = findParamHeaderMismatch(tool?.definition.inputSchema ?? {}, body.params?.arguments ?? {}, (name) =>
      request.headers.get(name),
    );
    if (mismatch === undefined) return handler.fetch(request);
    return Response.json({ jsonrpc: '2.0', id: body.id, error: { code: -32020, message: mismatch } }, { status: 400 });
  }

  return (request, response) => bridge(serve, request, response);
}
