/** Content of chat completion messages: text, images, sound, files. */

import type { CacheMark, MediaPart, MediaSource, UserPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { compact, optional, readList, readObject, readString, restOf, wrong } from './read-members.ts';

/** A string, or a list of parts; null and nothing are none. */
export function decodeContent(content: unknown, path: string): readonly UserPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return readList(content, path).map((part, i) => decodePart(part, `${path}[${i}]`));
}

const TEXT: ReadonlySet<string> = new Set(['type', 'text', 'cache_control']);

export function decodePart(value: unknown, path: string): UserPart {
  const part = readObject(value, path);
  const cache = readCache(part, path);
  const rest = (name: string): JsonObject | undefined => restOf(part, new Set(['type', name, 'cache_control']));
  switch (part.type) {
    case 'text':
      return compact({ type: 'text', text: readString(part.text, `${path}.text`), cache, extra: restOf(part, TEXT) });
    case 'image_url': {
      // Some clients send the bare URL.
      const image =
        typeof part.image_url === 'string' ? { url: part.image_url } : readObject(part.image_url, `${path}.image_url`);
      const url = readString(image.url, `${path}.image_url.url`);
      const detail = optional(image.detail, `${path}.image_url.detail`, readDetail);
      return compact({ type: 'image', source: sourceOf(url), detail, cache, extra: rest('image_url') });
    }
    case 'input_audio': {
      const sound = readObject(part.input_audio, `${path}.input_audio`);
      const format = readString(sound.format, `${path}.input_audio.format`);
      const data = readString(sound.data, `${path}.input_audio.data`);
      const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`;
      return compact({ type: 'audio', source: { type: 'base64', mediaType, data }, cache, extra: rest('input_audio') });
    }
    case 'file':
      return compact({ ...decodeFile(part, path), cache, extra: rest('file') });
    default:
      readString(part.type, `${path}.type`);
      return { type: 'foreign', dialect: 'openai-chat', value: part };
  }
}

function decodeFile(part: JsonObject, path: string): MediaPart {
  const file = readObject(part.file, `${path}.file`);
  const name = optional(file.filename, `${path}.file.filename`, readString);
  const fileId = optional(file.file_id, `${path}.file.file_id`, readString);
  if (fileId !== undefined) return compact({ type: 'document', source: { type: 'file', fileId }, name });
  const data = readString(file.file_data, `${path}.file.file_data`);
  const source = sourceOf(data);
  // Bare base64 is a PDF: the one type that was taken so.
  const whole: MediaSource =
    source.type === 'base64' || /^https?:/.test(data) ? source : { type: 'base64', mediaType: 'application/pdf', data };
  return compact({ type: 'document', source: whole, name });
}

/** `original`, and whatever comes after it, is the closest look there is. */
function readDetail(value: unknown, path: string): 'auto' | 'low' | 'high' {
  const detail = readString(value, path);
  return detail === 'auto' || detail === 'low' ? detail : 'high';
}

function sourceOf(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1;
  if (comma === -1) return { type: 'url', url };
  const [mediaType = '', ...options] = url.slice(5, comma).split(';');
  if (!options.includes('base64')) return { type: 'url', url };
  return { type: 'base64', mediaType: mediaType || 'application/octet-stream', data: url.slice(comma + 1) };
}

/** Anthropic's mark, which several vendors take on this wire. */
export function readCache(value: JsonObject, path: string): CacheMark | undefined {
  const at = `${path}.cache_control`;
  const mark = optional(value.cache_control, at, readObject);
  if (mark === undefined) return undefined;
  optional(mark.ttl, `${at}.ttl`, readString);
  return mark.ttl === '1h' || mark.ttl === '5m' ? { ttl: mark.ttl } : {};
}

/** Texts only: what system and tool messages hold. */
export function requireText(parts: readonly UserPart[], path: string): readonly UserPart[] {
  const other = parts.findIndex(({ type }) => type !== 'text' && type !== 'foreign');
  if (other !== -1) throw wrong(`${path}[${other}]`, 'must be text');
  return parts;
}
