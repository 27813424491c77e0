/** The fixture in the modern era (2026-07-28), on the official SDK v2: a fresh server per request, questions as input_required. */

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
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
import {
  FixtureError,
  type FixtureIo,
  type FixturePrompt,
  type FixtureTool,
  type JsonObject,
  type Turn,
} from './fixture-content.ts';
import { bridge } from './fixture-http.ts';
import { findParamHeaderMismatch } from './fixture-param-headers.ts';
import { createFixtureTasks, declaresTasks, type FixtureTasks, needTasks, TASKS_EXTENSION } from './fixture-tasks.ts';

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

/** Whether this call is answered with a task. Throws FixtureError if it would have to be and must not. */
function isTask(found: FixtureTool | FixturePrompt, io: FixtureIo): found is FixtureTool {
  const task = 'task' in found ? found.task : undefined;
  if (task === undefined) return false;
  const isDeclared = declaresTasks(io.clientCapabilities);
  if (!isDeclared && task.support === 'required') throw needTasks();
  return (isDeclared || task.support === 'always') && task.isReady?.(io) !== false;
}

const textTurn = (text: string): JsonObject => ({ content: [{ type: 'text', text }] });

/** The SDK has no tasks: their methods are served in front of it, by the same rules for headers. */
async function serveTask(request: Request, tasks: FixtureTasks): Promise<Response> {
  const { id, method, params } = (await request.json()) as { id: unknown; method: string; params: JsonObject };
  const meta = (params._meta ?? {}) as JsonObject;
  const fail = (status: number, code: number, message: string, data?: JsonObject): Response =>
    Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status });
  if (request.headers.get('mcp-method') !== method) return fail(400, -32020, 'Mcp-Method');
  if (decodeName(request.headers.get('mcp-name')) !== params.taskId) return fail(400, -32020, 'Mcp-Name');
  if (!declaresTasks((meta[CAPABILITIES_KEY] ?? {}) as JsonObject)) return fail(400, -32021, ...needTasksParts());
  try {
    return Response.json({ jsonrpc: '2.0', id, result: tasks.handle(method, params) });
  } catch (error) {
    const { code, message } = error as FixtureError;
    return fail(200, code, message);
  }
}

/** The SDK's listen stream, with the tasks that were asked for: in its acknowledgement, and whenever one changes. */
async function tellOfTasks(response: Response, request: Request, changes: EventEmitter): Promise<Response> {
  const { id, params } = (await request.json()) as { id: unknown; params: JsonObject };
  const taskIds = ((params.notifications ?? {}) as { taskIds?: string[] }).taskIds ?? [];
  const { [CAPABILITIES_KEY]: capabilities } = (params._meta ?? {}) as JsonObject;
  if (taskIds.length === 0 || response.body === null || !declaresTasks((capabilities ?? {}) as JsonObject))
    return response;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let stop = (): void => {};
  const told = new TransformStream<Uint8Array, Uint8Array>({
    start(out) {
      const tell = (task: JsonObject): void => {
        const message = {
          jsonrpc: '2.0',
          method: 'notifications/tasks',
          params: { ...task, _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
        };
        out.enqueue(encoder.encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`));
      };
      for (const taskId of taskIds) changes.on(taskId, tell);
      stop = () => {
        for (const taskId of taskIds) changes.off(taskId, tell);
      };
      request.signal.addEventListener('abort', stop);
    },
    transform(chunk, out) {
      const text = decoder.decode(chunk, { stream: true });
      const agreed = `"notifications":{"taskIds":${JSON.stringify(taskIds)},`;
      out.enqueue(encoder.encode(text.includes('/acknowledged"') ? text.replace('"notifications":{', agreed) : text));
    },
    flush: () => stop(),
  });
  return new Response(response.body.pipeThrough(told), { status: response.status, headers: response.headers });
}

function needTasksParts(): [string, JsonObject | undefined] {
  const { message, data } = needTasks();
  return [message, data];
}

function decodeName(header: string | null): string | null {
  const base64 = /^=\?base64\?(.*)\?=$/.exec(header ?? '')?.[1];
  return base64 === undefined ? header : Buffer.from(base64, 'base64').toString();
}

/** A node:http handler for `/mcp` that speaks 2026-07-28 only. */
export function createModernFixture(
  catalog: FixtureCatalog,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const taskChanges = new EventEmitter();
  const tasks = createFixtureTasks((taskId, task) => taskChanges.emit(taskId, task));
  const listTasks = catalog.tools().find(({ definition }) => definition.name === 'test_list_tasks');
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
    found: FixtureTool | FixturePrompt | undefined,
    args: unknown,
    context: ServerContext,
  ): Promise<JsonObject> {
    if (found === undefined) throw new ProtocolError(-32602, 'Unknown name');
    try {
      const io = createIo(context, handler.notify);
      if (isTask(found, io)) return tasks.create(found, (args ?? {}) as JsonObject, io);
      if (found === listTasks) return textTurn(JSON.stringify(tasks.summary()));
      const turn = await found.run((args ?? {}) as JsonObject, io);
      return await encodeTurn(turn, context);
    } catch (error) {
      throw error instanceof FixtureError ? new ProtocolError(error.code, error.message, error.data) : error;
    }
  }

  function createServer(): Server {
    const server = new Server(FIXTURE_INFO, {
      capabilities: { ...FIXTURE_CAPABILITIES, extensions: { [TASKS_EXTENSION]: {} } },
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
    if (/^tasks\/(get|update|cancel)$/.test(request.headers.get('mcp-method') ?? '')) return serveTask(request, tasks);
    if (request.headers.get('mcp-method') === 'subscriptions/listen')
      return tellOfTasks(await handler.fetch(request.clone()), request, taskChanges);
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
