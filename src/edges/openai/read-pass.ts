/** Reads a request that is passed through: nothing of it but the model's name, and where that stands. */

import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../../contracts/errors.ts';
import type { ParsedJson } from '../../contracts/json.ts';
import type { RawRequest } from '../../contracts/models.ts';
import { scanMembers } from '../../lib/json-text.ts';
import type { Exchange } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { readJsonObject, readModelName } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { NO_BODY, type ReadRequest } from '../models/serve-model.ts';
import { findFormField } from './find-form-field.ts';
import type { PassPath } from './pass-path.ts';

interface ReadBody {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Of a form nothing but the model is read. */
  readonly parsed: ParsedJson;
  readonly model: { readonly name: string; readonly at: NonNullable<RawRequest['modelAt']> } | undefined;
}

/** Throws GatewayError `method_not_allowed`, `unsupported_media_type`, `parse_error`, `invalid_params`. */
export async function readPass(
  exchange: Exchange,
  { surface, methods, path, model: needs }: PassPath,
  maxDepth: number,
): Promise<ReadRequest> {
  const method = methods.find((each) => each === exchange.method);
  if (method === undefined) throw methodNotAllowed(methods.join(', '));
  const body = method === 'POST' ? await readBody(exchange, needs, maxDepth) : undefined;
  if (needs === 'required' && body?.model === undefined) readModelName(undefined);
  const provider = exchange.header('x-portcullis-provider') ?? exchange.query.get('provider') ?? undefined;
  return {
    ...{ kind: 'models.pass', model: modelOf(body?.model?.name, provider), body: body?.parsed ?? NO_BODY },
    request: {
      ...{ operation: 'pass', wishes: readWishes(exchange), headers: exchange.headersWithPrefix('openai-') },
      raw: {
        ...{ method, path: path + readQuery(exchange.query), surface, provider },
        ...{ contentType: body?.contentType, body: body?.bytes, modelAt: body?.model?.at },
      },
    },
  };
}

/** A provider that is named beside the model stands before it. */
function modelOf(model: string | undefined, provider: string | undefined): string {
  if (model === undefined) return '';
  return provider === undefined || model.startsWith(`${provider}/`) ? model : `${provider}/${model}`;
}

/** The client's query without what was meant for us. */
function readQuery(query: URLSearchParams): string {
  const rest = new URLSearchParams([...query].filter(([name]) => name !== 'provider'));
  return rest.size === 0 ? '' : `?${rest}`;
}

async function readBody(exchange: Exchange, needs: PassPath['model'], maxDepth: number): Promise<ReadBody> {
  const contentType = exchange.header('content-type') ?? '';
  const [type = ''] = contentType.split(';');
  switch (type.trim().toLowerCase()) {
    case 'application/json': {
      // A reader who believes another charset reads another model.
      if (/;\s*charset\s*=\s*"?(?!utf-?8\b)/i.test(contentType))
        throw new GatewayError('unsupported_media_type', 'the charset must be utf-8');
      return { ...readJson(await exchange.bytes(), maxDepth), contentType };
    }
    case 'multipart/form-data': {
      const bytes = await exchange.bytes();
      // Checked even where it holds no model: what we cannot read, we do not pass on.
      const field = findFormField(bytes, contentType, 'model');
      if (field === undefined || needs === 'never') return { bytes, contentType, parsed: NO_BODY, model: undefined };
      const { start, end, value } = field;
      const model = { name: readModelName(value), at: { start, end, quoted: false } };
      return { bytes, contentType, parsed: NO_BODY, model };
    }
    default:
      throw new GatewayError('unsupported_media_type', 'or multipart/form-data');
  }
}

function readJson(bytes: Buffer, maxDepth: number): Omit<ReadBody, 'contentType'> {
  if (!isUtf8(bytes)) throw new GatewayError('parse_error', 'it is not UTF-8');
  const parsed = readJsonObject(bytes.toString('utf8'), maxDepth);
  const { text, value } = parsed;
  const member = scanMembers(text).find(({ key }) => key === 'model');
  // `null` stands for none, as SDKs of some languages write it.
  if (member === undefined || value.model === null) return { bytes, parsed, model: undefined };
  const start = Buffer.byteLength(text.slice(0, member.valueStart));
  const end = start + Buffer.byteLength(text.slice(member.valueStart, member.valueEnd));
  return { bytes, parsed, model: { name: readModelName(value.model), at: { start, end, quoted: true } } };
}
