/** A link out of an opened conversation: writes each request for the server's era and judges the answer by the client's. */

import { GatewayError } from '../../contracts/errors.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { UpstreamReply } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';
import { DuplicateMemberError, memberText, withMembers } from '../../lib/json-text.ts';
import type { Conversation, ConversationRequest } from './conversation.ts';
import type { ServerFacts } from './handshake.ts';
import type { Reply } from './json-rpc.ts';
import type { Link, LinkRequest, Round, ServerMessage } from './link.ts';
import { createListening } from './listen.ts';
import { stripOwnMeta } from './own-keys.ts';
import {
  createCapabilitiesForModern,
  lackOf,
  missingFor,
  type Question,
  readQuestions,
  renderInputRequired,
} from './questions.ts';
import type { Redact } from './redact.ts';
import { wantedLogLevel, writeLegacyMeta, writeModernMeta } from './request-meta.ts';
import { cleanTask, readTaskId } from './task-results.ts';

export interface CreateLinkOptions {
  readonly conversation: Conversation;
  readonly facts: ServerFacts;
  readonly identity: { readonly name: string; readonly version: string };
  readonly log: Log;
  /** Takes configured secrets out of what the server says, for the log. */
  readonly redact: Redact;
  readonly onServerMessage: (message: ServerMessage) => void;
}

const INVALID_PARAMS = -32602;
const LEGACY_RESOURCE_NOT_FOUND = -32002;
const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;
const UNSUPPORTED_VERSION = -32022;
const URL_ELICITATION_REQUIRED = -32042;
const MAX_URLS = 16;
const KNOWS_TASKS = JSON.stringify({ extensions: { [TASKS_EXTENSION]: {} } });
/** Its client has to bring it back, sealed, in the body of one request. */
const MAX_STATE_CHARS = 524_288;

/** The result without keys of ours. Throws DuplicateMemberError. */
function cleanResult(reply: Reply): JsonText {
  return stripOwnMeta(reply.text, { _meta: reply.valueOf('_meta') });
}

/** What two readers could read differently is no valid answer. */
function asAmbiguous(error: unknown): unknown {
  if (!(error instanceof DuplicateMemberError)) return error;
  return new GatewayError('upstream_failed', 'its answer is ambiguous', { cause: error });
}

export function createLink(options: CreateLinkOptions): Link {
  const { conversation, facts, log } = options;
  const ownInfo = JSON.stringify(options.identity);
  const isModern = facts.era === 'modern';

  const capabilitiesOf = createCapabilitiesForModern();

  /** A call that goes on says so only in the era that has it, and with the server's own state. */
  const writeRound = (params: JsonText, { answers, state }: Round): JsonText => {
    if (isModern)
      return withMembers(params, {
        inputResponses: answers,
        requestState: state === undefined ? undefined : JSON.stringify(state),
      });
    if (state !== undefined) throw new GatewayError('invalid_state', 'the server speaks another revision by now');
    return withMembers(params, { inputResponses: undefined, requestState: undefined });
  };

  const writeParams = (given: JsonText, id: number, request: LinkRequest | undefined, own = '{}'): JsonText => {
    const params = request?.round === undefined ? given : writeRound(given, request.round);
    const peer = request?.peer;
    const progressToken = peer?.progressToken === undefined ? undefined : id;
    const traceparent = request?.traceparent;
    const hints = {
      scan: params === given ? request?.scan : undefined,
      name: request?.rename === true ? request.name : undefined,
    };
    if (!isModern) return writeLegacyMeta(params, { progressToken, traceparent }, hints);
    const meta = {
      progressToken,
      traceparent,
      protocolVersion: facts.protocolVersion,
      clientInfo: peer?.info ?? ownInfo,
      capabilities: peer === undefined ? own : capabilitiesOf(peer),
      logLevel: peer === undefined ? undefined : wantedLogLevel(peer),
    };
    return writeModernMeta(params, meta, hints);
  };

  /**
   * The state is taken out of the text: the client gets one of ours in its place. A modern client is asked only what it
   * declared; for a legacy one, whoever puts the questions to it looks.
   */
  const judgeQuestions = (peer: ClientPeer, reply: Reply): UpstreamReply => {
    const state = reply.valueOf('requestState');
    if (state !== undefined && typeof state !== 'string')
      throw new GatewayError('upstream_failed', 'its requestState is no string');
    if (state !== undefined && state.length > MAX_STATE_CHARS)
      throw new GatewayError('upstream_failed', 'its requestState is too large to be brought back');
    const questions = readQuestions(reply.text);
    if (questions === undefined || (questions.size === 0 && state === undefined))
      throw new GatewayError('upstream_failed', 'it asked nothing that could be understood');
    if (peer.era === 'modern' && questions.size > 0) {
      const capabilities = JSON.parse(peer.capabilities) as JsonObject;
      for (const question of questions.values()) {
        const missing = missingFor(capabilities, question);
        if (missing !== undefined) throw lackOf(missing);
      }
    }
    return {
      type: 'input-required',
      text: withMembers(stripOwnMeta(reply.text, { _meta: reply.valueOf('_meta') }), { requestState: undefined }),
      continuation: state === undefined ? undefined : { type: 'server-state', state },
    };
  };

  /** Errors about this hop alone are not the client's to read; questions it cannot be asked yet are refused. */
  const judge = (request: LinkRequest, reply: Reply, lacked: JsonObject | undefined): UpstreamReply => {
    const { peer } = request;
    const era = peer?.era;
    if (reply.isAmbiguous) throw new GatewayError('upstream_failed', 'its answer is ambiguous');
    if (reply.type === 'result') {
      const resultType = isModern && peer !== undefined ? reply.valueOf('resultType') : undefined;
      if (peer !== undefined && resultType === 'input_required') return judgeQuestions(peer, reply);
      const text = cleanResult(reply);
      if (resultType === 'task' && request.method === 'tools/call')
        return { type: 'task', text, taskId: readTaskId(reply) };
      if (request.method === 'tasks/get') return { type: 'result', text: cleanTask(text) };
      const structuredContent = isModern && era === 'legacy' ? reply.valueOf('structuredContent') : undefined;
      // Only 2026-07-28 lets it be anything; its schema is shown wrapped likewise.
      if (structuredContent !== undefined && !isObject(structuredContent))
        return { type: 'result', text: wrapStructured(text) };
      return { type: 'result', text };
    }
    const { code } = reply.value;
    if (isModern && (code === HEADER_MISMATCH || code === UNSUPPORTED_VERSION)) {
      log.warn('the server refused what we wrote for this hop', {
        method: request.method,
        error: options.redact(reply.text.slice(0, 300)),
      });
      // It does not speak the version any more that it told us: only a new handshake helps.
      if (code === UNSUPPORTED_VERSION)
        conversation.lose({ stage: 'initialize', message: 'the server changed its protocol version', transient: true });
      throw new GatewayError('upstream_failed');
    }
    if (isModern && era === 'legacy' && code === MISSING_CAPABILITY)
      throw new GatewayError('missing_capability', 'the server needs more than this client declared', {
        data: { requiredCapabilities: (reply.value.data as JsonObject | undefined)?.requiredCapabilities },
      });
    // A legacy server has no code of its own for a client that cannot be asked.
    if (lacked !== undefined && era === 'modern') throw lackOf(lacked);
    if (!isModern && request.peer?.era === 'modern' && code === URL_ELICITATION_REQUIRED)
      return requireUrls(request.peer, reply.value);
    if (isModern && era === 'legacy' && request.method === 'resources/read' && isMissingResource(reply.value))
      return { type: 'rpc-error', text: withMembers(reply.text, { code: String(LEGACY_RESOURCE_NOT_FOUND) }) };
    return { type: 'rpc-error', text: reply.text };
  };

  const listening = createListening({
    conversation,
    log,
    // Who listens for tasks has to know them.
    writeParams: (params) => writeParams(params, 0, undefined, params.includes('"taskIds"') ? KNOWS_TASKS : '{}'),
    onServerMessage: options.onServerMessage,
  });

  return {
    ...facts,
    get inFlight() {
      return conversation.inFlight;
    },
    request(request) {
      return new Promise((resolve, reject) => {
        const id = conversation.nextId();
        const outgoing: ConversationRequest = {
          id,
          method: request.method,
          params: writeParams(request.params, id, request),
          name: request.name,
          tool: request.tool,
          traceparent: request.traceparent,
          peer: request.peer,
          keyId: request.keyId,
          signal: request.signal,
          timeoutMs: request.timeoutMs,
        };
        const onReply = (reply: Reply): void => {
          try {
            resolve(judge(request, reply, outgoing.lacked));
          } catch (error) {
            reject(asAmbiguous(error));
          }
        };
        conversation.begin(outgoing, onReply, reject);
      });
    },
    notify(method, params) {
      void conversation.notify(method, params);
    },
    listen(notifications) {
      if (isModern) return listening.start(notifications);
      return Promise.reject(new GatewayError('unknown_method', 'this server has no listen streams'));
    },
    async close() {
      listening.stop();
      await conversation.close();
    },
  };
}

/** -32602 is also said of other parameters; a missing resource is named in `data`. */
function isMissingResource({ code, data }: JsonObject): boolean {
  return code === INVALID_PARAMS && isObject(data) && typeof data.uri === 'string';
}

/** A structured result that is no object, in the one shape a legacy client knows. */
export function wrapStructured(text: JsonText): JsonText {
  return withMembers(text, { structuredContent: `{"result":${memberText(text, 'structuredContent') ?? 'null'}}` });
}

/** -32042 says "let the user open these, then call again" (2025-11-25); 2026-07-28 says the same as questions. */
function requireUrls(peer: ClientPeer, error: JsonObject): UpstreamReply {
  const { elicitations } = isObject(error.data) ? error.data : {};
  const asked = (Array.isArray(elicitations) ? elicitations : []).filter(isObject).slice(0, MAX_URLS);
  const questions = asked.flatMap(({ message, url }, index): [string, Question][] =>
    typeof url === 'string' && /^https?:/i.test(url)
      ? [
          [
            `url_${index + 1}`,
            {
              method: 'elicitation/create',
              params: JSON.stringify({ mode: 'url', message: typeof message === 'string' ? message : '', url }),
            },
          ],
        ]
      : [],
  );
  const [first] = questions;
  if (first === undefined) throw new GatewayError('upstream_failed', 'it asked for a URL elicitation without a URL');
  const required = missingFor(JSON.parse(peer.capabilities) as JsonObject, first[1]);
  if (required !== undefined)
    throw new GatewayError('missing_capability', 'the server wants its user to open a URL', {
      data: { requiredCapabilities: required },
    });
  return { type: 'input-required', text: renderInputRequired(questions), continuation: undefined };
}
