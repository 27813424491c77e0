/** Neutral parts as content blocks of the Messages API. */

import type { AssistantPart, CacheMark, MediaPart, TextPart, ToolCallPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { readyJson } from '../../../lib/write-json.ts';
import type { WireNames } from './wire-names.ts';

/** What is being written: whose extras may be, what had to be left out, which names are used. */
export interface Encoding {
  /** The request came in this very dialect, so that its `extra` is understood. */
  readonly isOwn: boolean;
  readonly dropped: string[];
  readonly names: WireNames;
}

/** Something that has no words here, and without which the request would be another one. */
export function unsupported(path: string, what: string): ProviderFailure {
  const publicText = `${path}: ${what}`.slice(0, 300);
  return new ProviderFailure('unsupported', publicText, { publicText });
}

export function encodeCache(cache: CacheMark | undefined): JsonObject {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) } };
}

/** Extras of this dialect; those of another one are named as left out. */
export function encodeExtra({ isOwn, dropped }: Encoding, extra: JsonObject | undefined, path: string): JsonObject {
  if (extra === undefined || isOwn) return extra ?? {};
  for (const member of Object.keys(extra)) dropped.push(path === '' ? member : `${path}.${member}`);
  return {};
}

/** None for an empty text, which the API refuses and which says nothing. */
export function encodeText(encoding: Encoding, part: TextPart, path: string): readonly JsonObject[] {
  const extra = encodeExtra(encoding, part.extra, path);
  if (part.text === '') return [];
  return [{ type: 'text', text: part.text, ...encodeCache(part.cache), ...extra }];
}

/** Throws ProviderFailure `unsupported`. */
export function encodeUserPart(encoding: Encoding, part: UserPart, path: string): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
      return encodeText(encoding, part, path);
    case 'foreign':
      if (part.dialect === 'anthropic') return [part.value];
      throw unsupported(path, `a ${String(part.value.type)} means nothing to this provider`);
    default:
      return [encodeMedia(encoding, part, path)];
  }
}

function encodeMedia(encoding: Encoding, part: MediaPart, path: string): JsonObject {
  const { type, source, name, detail } = part;
  if (type !== 'image' && type !== 'document') throw unsupported(path, `this provider takes no ${type}`);
  if (detail !== undefined && detail !== 'auto') encoding.dropped.push(`${path}.detail`);
  if (name !== undefined && type === 'image') encoding.dropped.push(`${path}.name`);
  const title = name === undefined || type === 'image' ? {} : { title: name };
  return {
    type,
    source: encodeSource(type, source, path),
    ...title,
    ...encodeCache(part.cache),
    ...encodeExtra(encoding, part.extra, path),
  };
}

function encodeSource(type: 'image' | 'document', source: MediaPart['source'], path: string): JsonObject {
  switch (source.type) {
    case 'url':
      return { type: 'url', url: source.url };
    case 'file':
      return { type: 'file', file_id: source.fileId };
    case 'base64': {
      const { mediaType, data } = source;
      if (type === 'image' || mediaType === 'application/pdf') return { type: 'base64', media_type: mediaType, data };
      // The API knows one type of text; a document of code or mark-up is that, too.
      if (mediaType.startsWith('text/') || mediaType === 'application/json')
        return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') };
      throw unsupported(path, `this provider takes no documents of type ${mediaType}`);
    }
  }
}

/** What the model said before. Throws ProviderFailure `unsupported`. */
export function encodeAssistantPart(encoding: Encoding, part: AssistantPart, path: string): readonly JsonObject[] {
  switch (part.type) {
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'reasoning': {
      if (part.sealed !== undefined) return [{ type: 'redacted_thinking', data: part.sealed }];
      if (part.signature !== undefined && part.signature !== '')
        return [{ type: 'thinking', thinking: part.text, signature: part.signature }];
      // Thoughts without their signature are refused; another provider's are no use to this one.
      encoding.dropped.push(path);
      return [];
    }
    case 'tool-call':
      return [encodeCall(encoding, part, path)];
    case 'foreign':
      if (part.dialect === 'anthropic') return [part.value];
      encoding.dropped.push(path);
      return [];
    default:
      return encodeUserPart(encoding, part, path);
  }
}

function encodeCall(encoding: Encoding, part: ToolCallPart, path: string): JsonObject {
  return {
    type: 'tool_use',
    id: encoding.names.callId(part.id),
    name: encoding.names.toWire(part.name, part.namespace, part.custom),
    input: readyJson(part.custom ? JSON.stringify({ input: part.arguments }) : inputText(part.arguments)),
    ...encodeCache(part.cache),
    ...encodeExtra(encoding, part.extra, path),
  };
}

/** `input` has to be an object; arguments that are none are kept where the model sees them. */
function inputText(text: JsonText): JsonText {
  if (text === '') return '{}';
  try {
    if (isObject(JSON.parse(text))) return text;
  } catch {
    // No JSON at all.
  }
  return JSON.stringify({ INVALID_JSON: text });
}
