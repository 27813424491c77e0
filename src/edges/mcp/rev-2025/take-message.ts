/** Takes what a legacy client sends without expecting an answer; and reads batches, where its version has them. */

import { GatewayError } from '../../../contracts/errors.ts';
import { memberText } from '../../../lib/json-text.ts';
import { type Body, readBatch } from '../read-message.ts';
import { decodeMessage, idKey, type Message } from './decode.ts';
import type { Session } from './session.ts';
import { allowsBatches } from './versions.ts';

const MAX_BATCH_MESSAGES = 100;

/** Notifications and answers to our questions. What we do not know is ignored, as JSON-RPC wants it. */
export function takeMessage(session: Session, message: Exclude<Message, { readonly type: 'request' }>): void {
  if (message.type === 'response') {
    session.asks.settle(message.id, message.reply);
    return;
  }
  if (message.method === 'notifications/roots/list_changed') session.rootsChanged();
  if (message.method !== 'notifications/cancelled') return;
  const { text, value } = message.params;
  const key = idKey(value.requestId, memberText(text, 'requestId'));
  if (key !== undefined) session.cancelCall(key);
}

/** Throws GatewayError `invalid_request` unless this session may send batches and this is a sensible one. */
export function readSessionBatch(
  session: Session,
  body: Body & { readonly type: 'batch' },
): readonly (Message | GatewayError)[] {
  if (session.client === undefined || !allowsBatches(session.client.version))
    throw new GatewayError('invalid_request', 'batches exist only in 2024-11-05 and 2025-03-26');
  if (body.values.length === 0) throw new GatewayError('invalid_request', 'the batch is empty');
  if (body.values.length > MAX_BATCH_MESSAGES)
    throw new GatewayError('invalid_request', `a batch holds at most ${MAX_BATCH_MESSAGES} messages`);
  return readBatch(body).map((envelope) => {
    if (envelope instanceof GatewayError) return envelope;
    try {
      return decodeMessage(envelope);
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  });
}
