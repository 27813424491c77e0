/** A link out of an opened conversation: writes each request for the server's era and judges the answer by the client's. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { UpstreamReply } from '../../contracts/upstream.ts';
import { DuplicateMemberError } from '../../lib/json-text.ts';
import type { Conversation } from './conversation.ts';
import type { ServerFacts } from './handshake.ts';
import type { Reply } from './json-rpc.ts';
import type { Link, LinkRequest, ServerMessage } from './link.ts';
import { createListening } from './listen.ts';
import { stripOwnMeta } from './own-keys.ts';
import type { Redact } from './redact.ts';
import { wantedLogLevel, writeLegacyMeta, writeModernMeta } from './request-meta.ts';

export interface CreateLinkOptions {
  readonly conversation: Conversation;
  readonly facts: ServerFacts;
  readonly identity: { readonly name: string; readonly version: string };
  readonly log: Log;
  /** Takes configured secrets out of what the server says, for the log. */
  readonly redact: Redact;
  readonly onServerMessage: (message: ServerMessage) => void;
}

const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;
const UNSUPPORTED_VERSION = -32022;
const URL_ELICITATION_REQUIRED = -32042;

/** The result without keys of ours. */
function cleanResult(reply: Reply): JsonText {
  try {
    return stripOwnMeta(reply.text, { _meta: reply.valueOf('_meta') });
  } catch (cause) {
    if (!(cause instanceof DuplicateMemberError)) throw cause;
    throw new GatewayError('upstream_failed', 'its result is ambiguous', { cause });
  }
}

export function createLink(options: CreateLinkOptions): Link {
  const { conversation, facts, log } = options;
  const ownInfo = JSON.stringify(options.identity);
  const isModern = facts.era === 'modern';

  const writeParams = (params: JsonText, id: number, request: LinkRequest | undefined): JsonText => {
    const peer = request?.peer;
    const progressToken = peer?.progressToken === undefined ? undefined : id;
    const traceparent = request?.traceparent;
    const hints = { scan: request?.scan, name: request?.rename === true ? request.name : undefined };
    if (!isModern) return writeLegacyMeta(params, { progressToken, traceparent }, hints);
    const meta = {
      progressToken,
      traceparent,
      protocolVersion: facts.protocolVersion,
      clientInfo: peer?.info ?? ownInfo,
      // A legacy client cannot answer input_required, so nothing may be asked of it.
      capabilities: peer?.era === 'modern' ? peer.capabilities : '{}',
      logLevel: peer === undefined ? undefined : wantedLogLevel(peer),
    };
    return writeModernMeta(params, meta, hints);
  };

  /** Errors about this hop alone are not the client's to read; questions it cannot be asked yet are refused. */
  const judge = (request: LinkRequest, reply: Reply): UpstreamReply => {
    const era = request.peer?.era;
    if (reply.type === 'result') {
      if (isModern && era === 'legacy' && reply.valueOf('resultType') === 'input_required')
        throw new GatewayError('cross_era_unsupported');
      return { type: 'result', text: cleanResult(reply) };
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
    const asksTooMuch =
      (isModern && era === 'legacy' && code === MISSING_CAPABILITY) ||
      (!isModern && era === 'modern' && code === URL_ELICITATION_REQUIRED);
    if (asksTooMuch) throw new GatewayError('cross_era_unsupported');
    return { type: 'rpc-error', text: reply.text };
  };

  const listening = createListening({
    conversation,
    log,
    writeParams: (params) => writeParams(params, 0, undefined),
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
        const outgoing = {
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
            resolve(judge(request, reply));
          } catch (error) {
            reject(error);
          }
        };
        conversation.begin(outgoing, onReply, reject);
      });
    },
    notify(method, params) {
      void conversation.notify(method, params);
    },
    listen(notifications) {
      if (isModern) listening.start(notifications);
    },
    async close() {
      listening.stop();
      await conversation.close();
    },
  };
}
