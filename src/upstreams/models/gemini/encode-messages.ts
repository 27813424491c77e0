/** From neutral messages to Gemini's contents and system instruction. */

import type { AssistantPart, ChatMessage, MediaPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ToolNames } from '../tool-names.ts';
import type { ModelHabits } from './habits.ts';

export interface EncodeContext {
  /** The client spoke Gemini: its extras, foreign parts and signatures are the provider's own. */
  readonly isOwn: boolean;
  readonly habits: ModelHabits;
  /** Vertex knows names of files and no ids of calls. */
  readonly isVertex: boolean;
  readonly names: ToolNames;
  /** Notes a member that is left out. */
  drop(path: string): void;
}

/** What Google documents for calls whose signature is not at hand, because another model made them. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: JsonObject[];
}

export function encodeMessages(
  messages: readonly ChatMessage[],
  context: EncodeContext,
): { readonly systemInstruction: JsonObject | undefined; readonly contents: readonly Content[] } {
  const lead = messages.findIndex(({ role }) => role !== 'system');
  const system = lead === -1 ? messages : messages.slice(0, lead);
  const systemParts = system.flatMap(({ parts }, i) =>
    encodeUserParts(parts as readonly UserPart[], `messages[${i}]`, context),
  );
  const contents = encodeTurns(messages, system.length, context);
  // Gemini takes no request without a turn.
  if (contents.length === 0 && systemParts.length > 0)
    return { systemInstruction: undefined, contents: [{ role: 'user', parts: systemParts }] };
  return { systemInstruction: systemParts.length === 0 ? undefined : { parts: systemParts }, contents };
}

function encodeTurns(messages: readonly ChatMessage[], from: number, context: EncodeContext): readonly Content[] {
  const contents: Content[] = [];
  /** Wire names of the calls so far, by id. */
  const called = new Map<string, string>();
  /** Media of results that have to stand beside them. */
  let beside: JsonObject[] = [];
  for (const [i, message] of messages.entries()) {
    if (i < from) continue;
    const path = `messages[${i}]`;
    const before = messages[i - 1];
    if (message.role !== 'tool' && beside.length > 0) {
      contents.at(-1)?.parts.push(...beside);
      beside = [];
    }
    noteExtra(message, path, context);
    if (message.role === 'tool') {
      const { part, media } = encodeResult(message, path, called, context);
      // Results of parallel calls have to stand in one turn.
      const turn = before?.role === 'tool' ? contents.at(-1) : undefined;
      if (turn === undefined) contents.push({ role: 'user', parts: [part] });
      else turn.parts.push(part);
      beside.push(...media);
      continue;
    }
    if (message.role === 'assistant') {
      const parts = encodeAssistantParts(message.parts, path, called, context);
      if (parts.length > 0) contents.push({ role: 'model', parts });
      continue;
    }
    if (message.role === 'system') context.drop(`${path}.role`);
    const parts = encodeUserParts(message.parts, path, context);
    if (parts.length > 0) contents.push({ role: 'user', parts });
  }
  if (beside.length > 0) contents.at(-1)?.parts.push(...beside);
  return contents;
}

function noteExtra({ extra, ...message }: ChatMessage, path: string, context: EncodeContext): void {
  if ('name' in message && message.name !== undefined && message.role !== 'tool') context.drop(`${path}.name`);
  if (extra === undefined || (context.isOwn && message.role === 'tool')) return;
  for (const key of Object.keys(extra)) context.drop(`${path}.${key}`);
}

/** Members that stand beside or in what a part is, where they are the provider's own. */
function withExtra(part: JsonObject, extra: JsonObject | undefined, path: string, context: EncodeContext): JsonObject {
  if (extra === undefined) return part;
  if (!context.isOwn) {
    for (const key of Object.keys(extra)) context.drop(`${path}.${key}`);
    return part;
  }
  const merged: { [key: string]: unknown } = { ...part };
  for (const [key, value] of Object.entries(extra)) {
    const here = part[key];
    merged[key] = isObject(here) && isObject(value) ? { ...here, ...value } : value;
  }
  return merged;
}

function encodeUserParts(parts: readonly UserPart[], path: string, context: EncodeContext): JsonObject[] {
  return parts.flatMap((part, i) => encodeUserPart(part, `${path}.parts[${i}]`, context));
}

function encodeUserPart(part: UserPart, path: string, context: EncodeContext): readonly JsonObject[] {
  if (part.type === 'foreign') {
    if (context.isOwn && part.dialect === 'gemini') return [part.value];
    context.drop(path);
    return [];
  }
  if (part.cache !== undefined) context.drop(`${path}.cache`);
  if (part.type !== 'text') return [withExtra(encodeMedia(part, path, context), part.extra, path, context)];
  if (part.text === '' && part.extra === undefined) return [];
  return [withExtra({ text: part.text }, part.extra, path, context)];
}

function encodeMedia(part: MediaPart, path: string, context: EncodeContext): JsonObject {
  const { source, name, detail } = part;
  if (detail !== undefined && detail !== 'auto') context.drop(`${path}.detail`);
  if (source.type === 'file')
    throw new ProviderFailure('unsupported', `${path}: a file of another provider`, {
      publicText: `${path}: a file kept at another provider cannot be shown to Gemini; send its bytes or a URL`,
    });
  const isNamed = name !== undefined && (context.isVertex || context.isOwn);
  if (name !== undefined && !isNamed) context.drop(`${path}.name`);
  const displayName = isNamed ? { displayName: name } : {};
  if (source.type === 'base64')
    return { inlineData: { mimeType: source.mediaType, data: source.data, ...displayName } };
  const mimeType = source.mediaType === undefined ? {} : { mimeType: source.mediaType };
  return { fileData: { ...mimeType, fileUri: source.url, ...displayName } };
}

function encodeAssistantParts(
  parts: readonly AssistantPart[],
  path: string,
  called: Map<string, string>,
  context: EncodeContext,
): JsonObject[] {
  let isFirstCall = true;
  return parts.flatMap((part, i): readonly JsonObject[] => {
    const at = `${path}.parts[${i}]`;
    if (part.type === 'refusal') return part.text === '' ? [] : [{ text: part.text }];
    if (part.type === 'reasoning') {
      // Another model's thoughts would be taken for what this one said.
      if (!context.isOwn) {
        context.drop(at);
        return [];
      }
      const signature = part.signature === undefined ? {} : { thoughtSignature: part.signature };
      return [withExtra({ text: part.text, thought: true, ...signature }, part.extra, at, context)];
    }
    if (part.type !== 'tool-call') return encodeUserPart(part, at, context);
    if (part.cache !== undefined) context.drop(`${at}.cache`);
    const name = context.names.toWire(part.name, part.namespace);
    called.set(part.id, name);
    const stand = isFirstCall && context.habits.wantsSignatures ? NO_SIGNATURE : undefined;
    isFirstCall = false;
    const signature = part.signature ?? stand;
    const call = {
      functionCall: { ...(context.isVertex ? {} : { id: part.id }), name, args: argumentsOf(part) },
      ...(signature === undefined ? {} : { thoughtSignature: signature }),
    };
    return [withExtra(call, part.extra, at, context)];
  });
}

/** Gemini takes objects only: free text, and what a model garbled, travels as `input`. */
function argumentsOf(part: { readonly arguments: JsonText; readonly custom?: true | undefined }): JsonObject {
  if (part.custom === true) return { input: part.arguments };
  if (part.arguments.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(part.arguments);
    return isObject(value) ? value : { input: value };
  } catch {
    return { input: part.arguments };
  }
}

function encodeResult(
  message: Extract<ChatMessage, { readonly role: 'tool' }>,
  path: string,
  called: ReadonlyMap<string, string>,
  context: EncodeContext,
): { readonly part: JsonObject; readonly media: readonly JsonObject[] } {
  if (message.cache !== undefined) context.drop(`${path}.cache`);
  const name =
    called.get(message.callId) ?? (message.name === undefined ? undefined : context.names.toWire(message.name));
  if (name === undefined)
    throw new ProviderFailure('invalid-request', `${path}: the result of no call`, {
      publicText: `${path}: there is no call ${message.callId.slice(0, 64)} before its result`,
    });
  const media = encodeUserParts(
    message.parts.filter(({ type }) => type !== 'text'),
    path,
    context,
  );
  const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const isInside = context.habits.mediaInResults && media.length > 0;
  const response = message.value ?? (message.isError === true ? { error: text } : { output: text });
  const part = {
    functionResponse: {
      ...(context.isVertex ? {} : { id: message.callId }),
      ...{ name, response },
      ...(isInside ? { parts: media } : {}),
    },
  };
  const whole = context.isOwn ? withExtra(part, message.extra, path, context) : part;
  return { part: whole, media: isInside ? [] : media };
}
