/** Rerank: the client's request as it is, with the model's name put in. */

import {
  type ModelProvider,
  type PassModelRequest,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { refuse } from '../dropped.ts';
import { readObject, usageOf } from './decode-answer.ts';
import type { SendCohere } from './send-cohere.ts';

export function createRerank(send: SendCohere): NonNullable<ModelProvider['pass']> {
  return async (call) => {
    const { raw } = call.request;
    if (raw.path !== 'rerank' || raw.method !== 'POST') refuse(raw.path, 'Cohere has nothing but rerank to pass on to');
    const accept = 'application/json';
    const body = withModel(call);
    const response = await send({ ...call, method: 'POST', path: 'v2/rerank', body, accept, bounds: call });
    // Small, and read whole: what it costs stands at its end.
    const bytes = await response.bytes();
    const { meta } = readObject(bytes.toString('utf8'));
    const usage = usageOf(isObject(meta) ? meta : undefined);
    if (usage !== undefined) call.report.usage = usage;
    const type = response.headers['content-type'];
    return {
      ...{ type: 'raw', status: response.status, bytes: single(bytes) },
      headers: typeof type === 'string' ? { 'content-type': type } : {},
    };
  };
}

function withModel({ request: { raw }, model }: ProviderCall<PassModelRequest>): Buffer {
  if (raw.body === undefined) throw new ProviderFailure('invalid-request', 'rerank without a body');
  const body = Buffer.from(raw.body.buffer, raw.body.byteOffset, raw.body.byteLength);
  const at = raw.modelAt;
  if (at === undefined) return body;
  const name = at.quoted ? JSON.stringify(model) : model;
  return Buffer.concat([body.subarray(0, at.start), Buffer.from(name, 'utf8'), body.subarray(at.end)]);
}

async function* single(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
