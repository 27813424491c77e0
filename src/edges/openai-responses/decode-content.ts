/** Content of messages and tool results: from the parts of Responses to neutral ones. */

import type { AssistantPart, CacheMark, MediaPart, MediaSource, UserPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { extraOf, invalid, optionalText, readList, readObject, readText } from './read-members.ts';

/** A string, or a list of parts. */
export function decodeUserContent(content: unknown, path: string): readonly UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return readList(content, path).map((part, i) => decodeUserPart(readObject(part, `${path}[${i}]`), `${path}[${i}]`));
}

const TEXT = new Set(['type', 'text', 'prompt_cache_breakpoint']);

function decodeUserPart(part: JsonObject, path: string): UserPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return {
        ...{ type: 'text', text: readText(part.text, `${path}.text`), ...cacheOf(part) },
        ...extraOf(part, breakpointIn(part, TEXT)),
      };
    case 'input_image':
      return decodeImage(part, path);
    case 'input_file':
      return decodeFile(part, path);
    case 'input_audio':
      return decodeAudio(part, path);
    default:
      readText(part.type, `${path}.type`);
      return { type: 'foreign', dialect: 'openai-responses', value: part };
  }
}

/** What an assistant said: `phase` is said of the message, and kept with each of its parts. */
export function decodeAssistantContent(content: unknown, phase: unknown, path: string): readonly AssistantPart[] {
  const said = (part: JsonObject, known: ReadonlySet<string>) =>
    extraOf(typeof phase === 'string' ? { ...part, phase } : part, known);
  if (typeof content === 'string') return [{ type: 'text', text: content, ...said({}, TEXT) }];
  return readList(content, path).map((each, i): AssistantPart => {
    const at = `${path}[${i}]`;
    const part = readObject(each, at);
    switch (part.type) {
      case 'output_text':
      case 'input_text':
      case 'text':
        return { type: 'text', text: readText(part.text, `${at}.text`), ...said(part, TEXT) };
      case 'refusal':
        return { type: 'refusal', text: readText(part.refusal, `${at}.refusal`), ...said(part, REFUSAL) };
      default:
        readText(part.type, `${at}.type`);
        return { type: 'foreign', dialect: 'openai-responses', value: part };
    }
  });
}

const REFUSAL = new Set(['type', 'refusal']);

/** Dialects agree on "keep what stands before this", not on how long. */
function cacheOf({ prompt_cache_breakpoint: breakpoint }: JsonObject): { readonly cache?: CacheMark } {
  return breakpoint === undefined || breakpoint === null ? {} : { cache: {} };
}

const PLAIN_BREAKPOINT = '{"mode":"explicit"}';

/** A breakpoint that says more than that it is one is kept as it is. */
function breakpointIn(part: JsonObject, known: ReadonlySet<string>): ReadonlySet<string> {
  if (JSON.stringify(part.prompt_cache_breakpoint ?? null) === PLAIN_BREAKPOINT) return known;
  const rest = new Set(known);
  rest.delete('prompt_cache_breakpoint');
  return rest;
}

const IMAGE = new Set(['type', 'image_url', 'file_id', 'detail', 'prompt_cache_breakpoint']);

function decodeImage(part: JsonObject, path: string): MediaPart {
  const detail = optionalText(part.detail, `${path}.detail`);
  const said = detail === 'auto' || detail === 'low' || detail === 'high' ? detail : undefined;
  const rest = breakpointIn(part, IMAGE);
  // `original` looks closer than any word that others have.
  const { extra } = extraOf(part, rest);
  const kept = said === undefined && detail !== undefined ? { ...extra, detail } : extra;
  return {
    ...{ type: 'image', source: readSource(part, part.image_url, path), detail: said, ...cacheOf(part) },
    ...(kept === undefined ? {} : { extra: kept }),
  };
}

const FILE = new Set(['type', 'file_data', 'file_url', 'file_id', 'filename', 'prompt_cache_breakpoint']);

function decodeFile(part: JsonObject, path: string): MediaPart {
  const name = optionalText(part.filename, `${path}.filename`);
  const data = optionalText(part.file_data, `${path}.file_data`);
  const source = ((): MediaSource => {
    if (data === undefined) return readSource(part, part.file_url, path);
    if (data.startsWith('data:')) return fromUrl(data);
    return { type: 'base64', mediaType: mediaTypeOf(name), data };
  })();
  const type = source.type === 'base64' && source.mediaType.startsWith('image/') ? 'image' : 'document';
  return { ...{ type, source, name, ...cacheOf(part) }, ...extraOf(part, breakpointIn(part, FILE)) };
}

/** Bare Base64 tells its type by the name of its file only; what has none is the one kind that was taken from the start. */
function mediaTypeOf(name: string | undefined): string {
  const ending = /\.([a-z0-9]+)$/i.exec(name ?? '')?.[1]?.toLowerCase() ?? '';
  const known: { readonly [ending: string]: string } = {
    ...{ txt: 'text/plain', md: 'text/markdown', csv: 'text/csv', html: 'text/html', json: 'application/json' },
    ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', gif: 'image/gif' },
  };
  return Object.hasOwn(known, ending) ? (known[ending] ?? '') : 'application/pdf';
}

function readSource(part: JsonObject, url: unknown, path: string): MediaSource {
  if (typeof url === 'string') return fromUrl(url);
  if (typeof part.file_id === 'string') return { type: 'file', fileId: part.file_id };
  return invalid(
    `${path}.${part.type === 'input_image' ? 'image_url' : 'file_url'}`,
    'a URL, data or the id of a file',
  );
}

const BASE64 = ';base64';

function fromUrl(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1;
  const head = url.slice('data:'.length, comma);
  if (comma === -1 || !head.endsWith(BASE64)) return { type: 'url', url };
  return { type: 'base64', mediaType: head.slice(0, -BASE64.length), data: url.slice(comma + 1) };
}

const AUDIO = new Set(['type', 'input_audio']);

function decodeAudio(part: JsonObject, path: string): MediaPart {
  const audio = readObject(part.input_audio, `${path}.input_audio`);
  const format = readText(audio.format, `${path}.input_audio.format`);
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`;
  const data = readText(audio.data, `${path}.input_audio.data`);
  return { type: 'audio', source: { type: 'base64', mediaType, data }, ...extraOf(part, AUDIO) };
}
