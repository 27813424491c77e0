/** From a request for embeddings to the neutral one. */

import type { EmbedRequest } from '../../contracts/embed.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';

type Input = string | readonly number[];

const KNOWN: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user']);

/** Throws GatewayError `invalid_params` that names the member. */
export function decodeEmbed(body: JsonObject): EmbedRequest {
  const dimensions = body.dimensions ?? undefined;
  const encoding = body.encoding_format ?? undefined;
  const user = body.user ?? undefined;
  const isCount = typeof dimensions === 'number' && Number.isSafeInteger(dimensions) && dimensions > 0;
  if (dimensions !== undefined && !isCount) throw invalid('dimensions', 'a whole number above 0');
  if (encoding !== undefined && encoding !== 'float' && encoding !== 'base64')
    throw invalid('encoding_format', 'float or base64');
  if (user !== undefined && typeof user !== 'string') throw invalid('user', 'a text');
  const extra = Object.entries(body).filter(([name]) => !KNOWN.has(name));
  return {
    ...{ dialect: 'openai', ...readInput(body.input), encoding, user },
    dimensions: isCount ? dimensions : undefined,
    ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** A text, several, a list of token numbers, or several of those. */
function readInput(input: unknown): Pick<EmbedRequest, 'inputs' | 'single'> {
  if (typeof input === 'string') return { inputs: [input], single: true };
  if (isTokens(input)) return { inputs: [input], single: true };
  if (Array.isArray(input) && input.length > 0 && input.every(isInput)) return { inputs: input, single: false };
  throw invalid('input', 'a text, a list of token numbers, or a list of such, and not empty');
}

function isInput(value: unknown): value is Input {
  return typeof value === 'string' || isTokens(value);
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function invalid(member: string, expected: string): GatewayError {
  return new GatewayError('invalid_params', `${member} must be ${expected}`, { data: { param: member } });
}
