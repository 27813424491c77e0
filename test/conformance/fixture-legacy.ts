/** The fixture in the legacy era (2025-11-25), on the official SDK v1: sessions, resumable event streams, questions as requests. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { type EventStore, StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  type JSONRPCMessage,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  ResultSchema,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { FIXTURE_CAPABILITIES, FIXTURE_INFO, type FixtureCatalog } from './fixture-catalog.ts';
import { FixtureError, type FixtureIo, type JsonObject, type Turn } from './fixture-content.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Runnable = { run(args: JsonObject, io: FixtureIo): Turn | Promise<Turn> };

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
/** More rounds than any fixture tool has. */
const MAX_ROUNDS = 5;

interface Session {
  readonly server: Server;
  readonly transport: StreamableHTTPServerTransport;
  readonly subscriptions: Set<string>;
  level: string;
}

/** Keeps the events of one session's streams for clients that come back. */
function createEventStore(): EventStore {
  const events: { id: string; streamId: string; message: JSONRPCMessage }[] = [];
  return {
    async storeEvent(streamId, message) {
      const id = `${streamId}_${events.length}`;
      events.push({ id, streamId, message });
      if (events.length > 1000) events.shift();
      return id;
    },
    async getStreamIdForEventId(eventId) {
      return events.find(({ id }) => id === eventId)?.streamId;
    },
    async replayEventsAfter(lastEventId, { send }) {
      const index = events.findIndex(({ id }) => id === lastEventId);
      const streamId = events[index]?.streamId ?? '';
      // A priming event is stored with an empty message; replaying it would send `{}` as a message.
      for (const event of events.slice(index + 1))
        if (event.streamId === streamId && 'jsonrpc' in event.message) await send(event.id, event.message);
      return streamId;
    },
  };
}

export interface LegacyFixture {
  /** A node:http handler for `/mcp` that speaks the revisions with sessions. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Forgets all sessions without closing a connection: what is asked next in one of them is answered 404. */
  forgetSessions(): void;
}

export function createLegacyFixture(catalog: FixtureCatalog): LegacyFixture {
  const sessions = new Map<string, Session>();

  function createIo(session: Session, extra: Extra, answers: JsonObject, state: unknown): FixtureIo {
    const token = extra._meta?.progressToken;
    return {
      era: 'legacy',
      clientCapabilities: (session.server.getClientCapabilities() ?? {}) as JsonObject,
      answers,
      state,
      async progress(progress, total) {
        if (token === undefined) return;
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken: token, progress, total },
        });
      },
      async log(level, data) {
        if (LEVELS.indexOf(level) < LEVELS.indexOf(session.level)) return;
        await extra.sendNotification({ method: 'notifications/message', params: { level: level as 'info', data } });
      },
      changed(list) {
        for (const { server } of sessions.values())
          void (list === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged());
      },
      updated(uri) {
        for (const { server, subscriptions } of sessions.values())
          if (subscriptions.has(uri)) void server.sendResourceUpdated({ uri });
      },
      signal: extra.signal,
      dropStream: () => extra.closeSSEStream?.(),
    };
  }

  /** Asks everything the turn wants to know at once, and takes the next turn with the answers. */
  async function run(
    session: Session,
    found: Runnable | undefined,
    args: unknown,
    extra: Extra,
  ): Promise<{ [key: string]: unknown }> {
    if (found === undefined) throw new McpError(-32602, 'Unknown name');
    let answers: JsonObject = {};
    let state: unknown;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let turn: Turn;
      try {
        turn = await found.run((args ?? {}) as JsonObject, createIo(session, extra, answers, state));
      } catch (error) {
        if (!(error instanceof FixtureError)) throw error;
        return { isError: true, content: [{ type: 'text', text: error.message }] };
      }
      if ('result' in turn) return turn.result;
      answers = {};
      state = turn.state;
      await Promise.all(
        Object.entries(turn.questions).map(async ([key, question]) => {
          answers[key] = await extra.sendRequest(question as unknown as ServerRequest, ResultSchema);
        }),
      );
    }
    throw new McpError(-32603, 'Too many rounds');
  }

  function serve(session: Session): void {
    const { server } = session;
    const definitions = (items: readonly { definition: JsonObject }[]): JsonObject[] =>
      items.map(({ definition }) => definition);
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: definitions(catalog.tools()) }));
    server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: definitions(catalog.prompts()) }));
    server.setRequestHandler(ListResourcesRequestSchema, ({ params }) => ({ ...catalog.resources(params?.cursor) }));
    server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: catalog.templates }));
    server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
      const contents = catalog.read(params.uri);
      if (contents === undefined) throw new McpError(-32002, 'Resource not found', { uri: params.uri });
      return { contents };
    });
    server.setRequestHandler(CompleteRequestSchema, ({ params }) => catalog.complete(params.argument.value));
    server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
      session.level = params.level;
      return {};
    });
    server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
      session.subscriptions.add(params.uri);
      return {};
    });
    server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
      session.subscriptions.delete(params.uri);
      return {};
    });
    server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
      run(
        session,
        catalog.tools().find(({ definition }) => definition.name === params.name),
        params.arguments,
        extra,
      ),
    );
    server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) =>
      run(
        session,
        catalog.prompts().find(({ definition }) => definition.name === params.name),
        params.arguments,
        extra,
      ),
    );
  }

  async function openSession(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 100,
      onsessioninitialized: (id) => {
        sessions.set(id, session);
      },
      onsessionclosed: (id) => {
        sessions.delete(id);
      },
    });
    const server = new Server(FIXTURE_INFO, { capabilities: FIXTURE_CAPABILITIES });
    const session: Session = { server, transport, subscriptions: new Set(), level: 'debug' };
    serve(session);
    // The SDK's own transport does not fit its Transport type under exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<Server['connect']>[0]);
    return transport;
  }

  return {
    forgetSessions: () => sessions.clear(),
    async handle(request, response) {
      const id = request.headers['mcp-session-id'];
      if (typeof id !== 'string') {
        await (await openSession()).handleRequest(request, response);
        return;
      }
      const session = sessions.get(id);
      if (session === undefined) {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}');
        return;
      }
      await session.transport.handleRequest(request, response);
    },
  };
}
