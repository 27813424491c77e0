/** From Gemini's answers, whole or in pieces, to neutral words: parts, reasons to stop, usage, log probabilities. */

import type { AssistantPart, ChatAnswer, ChatChoice, StopReason, Usage } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ToolNames } from '../tool-names.ts';

export interface DecodeContext {
  readonly names: ToolNames;
  readonly custom: ReadonlySet<string>;
  /** As it was asked for: where the answer does not say. */
  readonly model: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Makes an id for what Gemini gave none. */
  readonly newId: (prefix: string) => string;
}

/** Throws ProviderFailure `malformed`, `content-filtered`. */
export function decodeAnswer(answer: JsonObject, context: DecodeContext): ChatAnswer {
  const candidates = candidatesOf(answer);
  if (candidates.length === 0) throw blockedOr(answer, 'an answer without candidates');
  return {
    ...headOf(answer, context),
    choices: candidates.map((candidate) => decodeCandidate(candidate, context)),
    usage: decodeUsage(answer.usageMetadata),
  };
}

export function candidatesOf(answer: JsonObject): readonly JsonObject[] {
  return Array.isArray(answer.candidates) ? answer.candidates.filter(isObject) : [];
}

/** Why there is no answer: the prompt was blocked, or else it is none. */
export function blockedOr(answer: JsonObject, what: string): ProviderFailure {
  const reason = blockReasonOf(answer);
  if (reason === undefined) return new ProviderFailure('malformed', what);
  return new ProviderFailure('content-filtered', `the prompt was blocked: ${reason}`, {
    publicText: `the prompt was blocked (${reason})`,
  });
}

export function blockReasonOf({ promptFeedback }: JsonObject): string | undefined {
  const reason = isObject(promptFeedback) ? promptFeedback.blockReason : undefined;
  return typeof reason === 'string' && /^[A-Z_]{1,64}$/.test(reason) ? reason : undefined;
}

export function headOf(
  answer: JsonObject,
  { model, now, newId }: DecodeContext,
): Pick<ChatAnswer, 'id' | 'model' | 'createdAtS'> {
  const atMs = typeof answer.createTime === 'string' ? Date.parse(answer.createTime) : Number.NaN;
  return {
    id: typeof answer.responseId === 'string' && answer.responseId !== '' ? answer.responseId : newId('gen-'),
    model: typeof answer.modelVersion === 'string' && answer.modelVersion !== '' ? answer.modelVersion : model,
    createdAtS: Math.floor((Number.isNaN(atMs) ? now() : atMs) / 1_000),
  };
}

const TOLD: ReadonlySet<string> = new Set(['content', 'finishReason', 'index', 'logprobsResult', 'avgLogprobs']);

function decodeCandidate(candidate: JsonObject, context: DecodeContext): ChatChoice {
  const parts = partsOf(candidate).map((part) => decodePart(part, context));
  const extra = Object.fromEntries(Object.entries(candidate).filter(([key]) => !TOLD.has(key)));
  const logprobs = decodeLogprobs(candidate.logprobsResult);
  return {
    ...{
      parts: joinTexts(parts),
      stop: stopOf(
        candidate.finishReason,
        parts.some(({ type }) => type === 'tool-call'),
      ),
    },
    ...(logprobs === undefined ? {} : { logprobs }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

export function partsOf({ content }: JsonObject): readonly JsonObject[] {
  return isObject(content) && Array.isArray(content.parts) ? content.parts.filter(isObject) : [];
}

/** Empty texts, with which Gemini closes, say nothing. */
function joinTexts(parts: readonly AssistantPart[]): readonly AssistantPart[] {
  return parts.filter((part) => part.type !== 'text' || part.text !== '' || part.extra !== undefined);
}

export function decodePart(part: JsonObject, context: DecodeContext): AssistantPart {
  const signature = typeof part.thoughtSignature === 'string' ? part.thoughtSignature : undefined;
  if (isObject(part.functionCall)) return decodeCall(part.functionCall, signature, context);
  if (typeof part.text === 'string') {
    if (part.thought === true)
      return { type: 'reasoning', text: part.text, ...(signature === undefined ? {} : { signature }) };
    return {
      type: 'text',
      text: part.text,
      ...(signature === undefined ? {} : { extra: { thoughtSignature: signature } }),
    };
  }
  const { inlineData, fileData } = part;
  if (isObject(inlineData) && typeof inlineData.data === 'string') {
    const mediaType = typeof inlineData.mimeType === 'string' ? inlineData.mimeType : 'application/octet-stream';
    return { type: mediaKind(mediaType), source: { type: 'base64', mediaType, data: inlineData.data } };
  }
  if (isObject(fileData) && typeof fileData.fileUri === 'string') {
    const mediaType = typeof fileData.mimeType === 'string' ? fileData.mimeType : undefined;
    return { type: mediaKind(mediaType ?? ''), source: { type: 'url', url: fileData.fileUri, mediaType } };
  }
  return { type: 'foreign', dialect: 'gemini', value: part };
}

function decodeCall(call: JsonObject, signature: string | undefined, context: DecodeContext): AssistantPart {
  const wireName = typeof call.name === 'string' ? call.name : '';
  const isCustom = context.custom.has(wireName);
  const { name, namespace } = context.names.fromWire(wireName);
  const args = isObject(call.args) ? call.args : {};
  const isText = isCustom && typeof args.input === 'string';
  return {
    ...{ type: 'tool-call', name, arguments: isText ? String(args.input) : JSON.stringify(args) },
    id: typeof call.id === 'string' && call.id !== '' ? call.id : context.newId('call_'),
    ...(namespace === undefined ? {} : { namespace }),
    ...(isCustom ? { custom: true as const } : {}),
    ...(signature === undefined ? {} : { signature }),
  };
}

function mediaKind(mediaType: string): 'image' | 'audio' | 'video' | 'document' {
  const kind = mediaType.split('/')[0];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

export function stopOf(reason: unknown, hasCalls: boolean): StopReason {
  switch (reason) {
    case 'STOP':
      return hasCalls ? 'tool-calls' : 'end';
    case 'MAX_TOKENS':
      return 'max-tokens';
    case 'SAFETY':
    case 'RECITATION':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
    case 'IMAGE_PROHIBITED_CONTENT':
    case 'IMAGE_RECITATION':
    case 'MODEL_ARMOR':
      return 'content-filter';
    default:
      return 'other';
  }
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);

/** Undefined: nothing is told. */
export function decodeUsage(given: unknown): Usage | undefined {
  if (!isObject(given)) return undefined;
  const prompt = count(given.promptTokenCount);
  const told = count(given.candidatesTokenCount);
  const thoughts = count(given.thoughtsTokenCount);
  const total = count(given.totalTokenCount);
  if (prompt === undefined && told === undefined && total === undefined) return undefined;
  const inputTokens = (prompt ?? 0) + (count(given.toolUsePromptTokenCount) ?? 0);
  const cachedTokens = count(given.cachedContentTokenCount);
  const audioInputTokens = audioOf(given.promptTokensDetails);
  const audioOutputTokens = audioOf(given.candidatesTokensDetails);
  return {
    ...{ inputTokens, outputTokens: (told ?? 0) + (thoughts ?? 0) },
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(thoughts === undefined ? {} : { reasoningTokens: thoughts }),
    ...(audioInputTokens === undefined ? {} : { audioInputTokens }),
    ...(audioOutputTokens === undefined ? {} : { audioOutputTokens }),
  };
}

function audioOf(details: unknown): number | undefined {
  const audio = Array.isArray(details)
    ? details.filter(isObject).find(({ modality }) => modality === 'AUDIO')
    : undefined;
  return audio === undefined ? undefined : count(audio.tokenCount);
}

/** As OpenAI's `logprobs`, which is the neutral form. */
function decodeLogprobs(given: unknown): JsonObject | undefined {
  if (!isObject(given) || !Array.isArray(given.chosenCandidates)) return undefined;
  const tops: readonly unknown[] = Array.isArray(given.topCandidates) ? given.topCandidates : [];
  const read = ({ token, logProbability }: JsonObject): JsonObject => {
    const text = typeof token === 'string' ? token : '';
    return { token: text, logprob: logProbability, bytes: [...Buffer.from(text, 'utf8')] };
  };
  return {
    content: given.chosenCandidates.filter(isObject).map((chosen, i) => {
      const top = tops[i];
      const alternatives = isObject(top) && Array.isArray(top.candidates) ? top.candidates.filter(isObject) : [];
      return { ...read(chosen), top_logprobs: alternatives.map(read) };
    }),
    refusal: null,
  };
}
