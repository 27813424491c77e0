/** From neutral answers to Gemini's: parts, reasons to stop, usage. */

import type { AssistantPart, ChatAnswer, ChatChoice, StopReason, Usage } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { nestsDeeper } from '../../lib/json-depth.ts';
import { MAX_DEPTH } from '../../lib/json-scanner.ts';

export function encodeAnswer(answer: ChatAnswer): JsonText {
  return JSON.stringify({
    candidates: answer.choices.map((choice, index) => ({
      content: { parts: choice.parts.flatMap(encodePart), role: 'model' },
      finishReason: finishReasonOf(choice.stop),
      index,
      ...encodeLogprobs(choice.logprobs),
    })),
    ...(answer.usage === undefined ? {} : { usageMetadata: encodeUsage(answer.usage) }),
    modelVersion: answer.model,
    createTime: new Date(answer.createdAtS * 1_000).toISOString(),
    responseId: answer.id,
    portcullis: answer.portcullis,
  });
}

/** None for what Gemini has no part for. */
export function encodePart(part: AssistantPart): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning': {
      if (part.text === '' && part.signature === undefined) return [];
      return [{ text: part.text, thought: true, ...signatureOf(part.signature) }];
    }
    case 'tool-call': {
      const { id, name } = part;
      return [{ functionCall: { id, name, args: argumentsOf(part.arguments) }, ...signatureOf(part.signature) }];
    }
    case 'foreign':
      return part.dialect === 'gemini' ? [part.value] : [];
    default: {
      const { source } = part;
      if (source.type === 'base64') return [{ inlineData: { mimeType: source.mediaType, data: source.data } }];
      if (source.type === 'url') return [{ fileData: { mimeType: source.mediaType, fileUri: source.url } }];
      return [{ fileData: { fileUri: source.fileId } }];
    }
  }
}

const signatureOf = (signature: string | undefined): JsonObject =>
  signature === undefined ? {} : { thoughtSignature: signature };

/** Gemini's clients get an object; what the model wrote instead of one is not hidden from them. */
export function argumentsOf(text: JsonText): JsonObject {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    // Deeper ones could not be written again.
    if (nestsDeeper(text, MAX_DEPTH)) return { input: text };
    return isObject(value) ? value : { input: value };
  } catch {
    return { input: text };
  }
}

export function finishReasonOf(stop: StopReason): string {
  switch (stop) {
    case 'end':
    case 'tool-calls':
    case 'stop-sequence':
    case 'refusal':
    case 'pause':
      return 'STOP';
    case 'max-tokens':
    case 'context-full':
      return 'MAX_TOKENS';
    case 'content-filter':
      return 'SAFETY';
    case 'other':
      return 'OTHER';
  }
}

export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = usage;
  const audio = (tokens: number): JsonObject => ({ modality: 'AUDIO', tokenCount: tokens });
  return {
    promptTokenCount: inputTokens,
    candidatesTokenCount: Math.max(0, outputTokens - (reasoningTokens ?? 0)),
    totalTokenCount: inputTokens + outputTokens,
    ...(cachedTokens === undefined ? {} : { cachedContentTokenCount: cachedTokens }),
    ...(reasoningTokens === undefined ? {} : { thoughtsTokenCount: reasoningTokens }),
    ...(usage.audioInputTokens === undefined ? {} : { promptTokensDetails: [audio(usage.audioInputTokens)] }),
    ...(usage.audioOutputTokens === undefined ? {} : { candidatesTokensDetails: [audio(usage.audioOutputTokens)] }),
  };
}

/** From OpenAI's log probabilities. */
function encodeLogprobs(logprobs: ChatChoice['logprobs']): JsonObject {
  const content = logprobs?.content;
  if (!Array.isArray(content)) return {};
  const tokens = content.filter(isObject);
  const write = ({ token, logprob }: JsonObject): JsonObject => ({ token, logProbability: logprob });
  const all = tokens.map(({ logprob }) => (typeof logprob === 'number' ? logprob : 0));
  return {
    ...(all.length === 0 ? {} : { avgLogprobs: all.reduce((sum, each) => sum + each, 0) / all.length }),
    logprobsResult: {
      chosenCandidates: tokens.map(write),
      topCandidates: tokens.map(({ top_logprobs: top }) => ({
        candidates: Array.isArray(top) ? top.filter(isObject).map(write) : [],
      })),
    },
  };
}
