/** The passing lane: a Responses request for a provider that speaks Responses, changed only where it must be. */

import type { JsonText } from '../../../contracts/json.ts';
import type { ByteStream, InjectedTools, ModelReport } from '../../../contracts/models.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { elementTexts, memberText, withMembers } from '../../../lib/json-text.ts';
import type { ProviderResponse } from '../send.ts';
import { asObject, decodeItem, decodeUsage, stopOf } from './decode-answer.ts';
import { renderInjected } from './encode-tools.ts';
import { failureOfError } from './read-error.ts';
import { createStreamTap } from './tap-stream.ts';

/** The request with the provider's own name of the model, and with the gateway's tools behind the caller's. */
export function patchBody(text: JsonText, model: string, injected: InjectedTools | undefined): JsonText {
  const changes = { model: JSON.stringify(model), ...withoutOurSeals(text) };
  if (injected === undefined || injected.tools.length === 0) return withMembers(text, changes);
  const ours = injected.fragment('openai-responses', renderInjected);
  const theirs = memberText(text, 'tools') ?? 'null';
  return withMembers(text, { ...changes, tools: joinArrays(theirs, ours) });
}

const OUR_SEAL = /"encrypted_content"\s*:\s*"portcullis\./;

/**
 * Thoughts of other providers, which the client was given sealed by us when they answered earlier turns: this one would refuse
 * the request for them.
 */
function withoutOurSeals(text: JsonText): { readonly input?: JsonText } {
  if (!OUR_SEAL.test(text)) return {};
  const items = elementTexts(memberText(text, 'input') ?? '');
  const kept = items.filter((item) => !/"type"\s*:\s*"reasoning"/.test(item) || !OUR_SEAL.test(item));
  return kept.length === items.length ? {} : { input: `[${kept.join(',')}]` };
}

function joinArrays(first: JsonText, second: JsonText): JsonText {
  const inner = first.startsWith('[') ? first.slice(1, -1).trim() : '';
  return inner === '' ? second : `[${inner},${second.slice(1)}`;
}

/** A whole answer as it came. Throws ProviderFailure if it is none, or a response that failed. */
export function passAnswer(text: JsonText, report: ModelReport): JsonText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'an answer that is no JSON', { cause: error });
  }
  const response = asObject(value);
  if (response.object !== 'response' && !Array.isArray(response.output))
    throw new ProviderFailure('malformed', 'an answer that is no response');
  if (response.status === 'failed') throw failureOfError(response.error);
  const usage = decodeUsage(response.usage);
  if (usage !== undefined) report.usage = usage;
  const items = Array.isArray(response.output) ? response.output.map(asObject) : [];
  const parts = items.flatMap((item) => decodeItem(item, NO_NAMES));
  report.stop = stopOf(response, parts);
  for (const part of parts) {
    if (part.type === 'tool-call') report.outputChars += part.arguments.length;
    else if ('text' in part) report.outputChars += part.text.length;
  }
  return text;
}

const NO_NAMES = { toWire: (name: string) => name, fromWire: (name: string) => ({ name }) };

/**
 * Resolves once the first piece is there: a stream that fails with its first words has not begun to answer. Throws
 * ProviderFailure, also while it is read, for an end that no event announced.
 */
export async function passStream(
  response: ProviderResponse,
  report: ModelReport,
  maxEventChars: number,
): Promise<ByteStream> {
  const pieces = response.pieces()[Symbol.asyncIterator]();
  const tap = createStreamTap(report, maxEventChars);
  let isLeft = false;
  const onPiece = (result: IteratorResult<Buffer>): IteratorResult<Buffer> => {
    if (result.done !== true) tap.see(result.value);
    // The client has read it already; the record has to say so, too.
    else if (tap.failure !== undefined && !isLeft) throw tap.failure;
    else if (!tap.isOver && !isLeft)
      throw new ProviderFailure('connection-lost', 'the stream ended before its last event');
    return result;
  };
  let first: IteratorResult<Buffer> | undefined = onPiece(await pieces.next());
  if (tap.failure !== undefined && report.outputChars === 0) {
    void pieces.return?.();
    throw tap.failure;
  }
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      if (first === undefined) return pieces.next().then(onPiece);
      const result = first;
      first = undefined;
      return Promise.resolve(result);
    },
    return() {
      isLeft = true;
      first = undefined;
      return pieces.return?.() ?? Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
