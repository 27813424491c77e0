/** Forwards what is no chat to an API of OpenAI's kind: bytes there and bytes back, only the model's name is ours to change. */

import type { ModelProvider, RawRequest } from '../../../contracts/models.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { hasNot, sendOpenai } from './send-openai.ts';

type Pass = NonNullable<ModelProvider['pass']>;

/** Of the provider's answer, what a client may see. */
const SHOWN_HEADERS = ['content-type', 'content-disposition'] as const;

export function createPass(deps: ProviderDeps, config: ProviderConfig): Pass {
  return async (call) => {
    const { raw } = call.request;
    const { surface } = raw;
    if (surface !== 'completions' && !config.quirks.has.includes(surface)) throw hasNot(config, surface);
    try {
      const response = await sendOpenai(deps, config, call, {
        ...{ method: raw.method, path: raw.path, contentType: raw.contentType, body: withModel(raw, call.model) },
        model: surface === 'files' ? undefined : call.model,
      });
      const { status, headers } = response;
      const shown = SHOWN_HEADERS.flatMap((name) => {
        const value = headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      });
      return { type: 'raw', status, headers: Object.fromEntries(shown), bytes: response.pieces() };
    } catch (error) {
      if (surface === 'files' && error instanceof ProviderFailure && error.status === 404) return noSuchFile();
      throw error;
    }
  };
}

/** The body with the provider's own name of the model in place of the client's. */
export function withModel({ body, modelAt }: RawRequest, model: string): Buffer | undefined {
  if (body === undefined) return undefined;
  const whole = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (modelAt === undefined) return whole;
  // A form has no way to say these; nobody has such a model.
  if (!modelAt.quoted && /[\r\n\0]/.test(model)) throw new ProviderFailure('unsupported', 'a line break in a name');
  const name = modelAt.quoted ? JSON.stringify(model) : model;
  return Buffer.concat([whole.subarray(0, modelAt.start), Buffer.from(name), whole.subarray(modelAt.end)]);
}

const NOT_FOUND = JSON.stringify({
  error: { message: 'No such file', type: 'invalid_request_error', param: 'id', code: 'not_found' },
});

/** A file that is not there is no failure of anybody: the client gets the status its SDK knows, in our words. */
const noSuchFile = (): Awaited<ReturnType<Pass>> => ({
  ...{ type: 'raw', status: 404, headers: { 'content-type': 'application/json' } },
  bytes: once(Buffer.from(NOT_FOUND)),
});

function once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      let isDone = false;
      return {
        next() {
          const result: IteratorResult<Uint8Array> = isDone
            ? { done: true, value: undefined }
            : { done: false, value: chunk };
          isDone = true;
          return Promise.resolve(result);
        },
        return() {
          isDone = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
}
