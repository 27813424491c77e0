/** Images, documents, sounds and videos as Converse takes them: bytes, or a place in S3; nothing is fetched for a caller. */

import type { CacheMark, MediaPart } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type Dropped, refuse } from '../dropped.ts';

/** Media types to what Converse calls the format. */
const FORMATS: { readonly [type in MediaPart['type']]: { readonly [mediaType: string]: string } } = {
  image: {
    'image/png': 'png',
    'image/jpeg': 'jpeg',
    'image/jpg': 'jpeg',
    'image/gif': 'gif',
    'image/webp': 'webp',
  },
  document: {
    'application/pdf': 'pdf',
    'text/csv': 'csv',
    'application/msword': 'doc',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
    'application/vnd.ms-excel': 'xls',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
    'text/html': 'html',
    'text/plain': 'txt',
    'text/markdown': 'md',
  },
  audio: {
    'audio/mpeg': 'mp3',
    'audio/mp3': 'mp3',
    'audio/wav': 'wav',
    'audio/x-wav': 'wav',
    'audio/aac': 'aac',
    'audio/flac': 'flac',
    'audio/ogg': 'ogg',
    'audio/opus': 'opus',
    'audio/mp4': 'm4a',
    'audio/webm': 'webm',
  },
  video: {
    'video/mp4': 'mp4',
    'video/quicktime': 'mov',
    'video/x-matroska': 'mkv',
    'video/webm': 'webm',
    'video/x-flv': 'flv',
    'video/mpeg': 'mpeg',
    'video/x-ms-wmv': 'wmv',
    'video/3gpp': 'three_gp',
  },
};

/** One content block. `documents` counts those of the request: each needs a name of its own. */
export function encodeMedia(part: MediaPart, path: string, documents: { count: number }, dropped: Dropped): JsonObject {
  const { type, source } = part;
  dropped.note(`${path}.detail`, part.detail === 'auto' ? undefined : part.detail);
  dropped.noteExtra(path, part);
  if (source.type === 'file') refuse(path, 'a file kept at another provider means nothing to Bedrock');
  const isS3 = source.type === 'url' && source.url.startsWith('s3://');
  if (source.type === 'url' && !isS3)
    refuse(path, `Bedrock takes no ${type} by URL, send its bytes as base64 (or an s3:// URL)`);
  const mediaType = source.mediaType?.split(';')[0]?.trim().toLowerCase() ?? byEnding(type, source);
  const format = FORMATS[type][mediaType];
  if (format === undefined) refuse(path, `Bedrock takes no ${type} of type ${mediaType || 'unknown'}`);
  const wireSource = source.type === 'base64' ? { bytes: source.data } : { s3Location: { uri: source.url } };
  if (type !== 'document') return { [type]: { format, source: wireSource } };
  documents.count++;
  return { document: { format, name: documentName(part.name, documents.count), source: wireSource } };
}

/** Of a place in S3 nothing is known but its name. */
function byEnding(type: MediaPart['type'], source: MediaPart['source']): string {
  const ending = source.type === 'url' ? source.url.split('.').at(-1)?.toLowerCase() : undefined;
  const found = Object.entries(FORMATS[type]).find(([, format]) => format === (ending === 'jpg' ? 'jpeg' : ending));
  return found?.[0] ?? '';
}

const MAX_NAME_CHARS = 200;

/** Letters, digits, single spaces, hyphens and brackets; anything else makes Bedrock refuse the request. */
function documentName(name: string | undefined, count: number): string {
  const clean = (name ?? '')
    .replace(/[^a-zA-Z0-9\s()[\]-]/g, '-')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_NAME_CHARS);
  return clean === '' ? `document-${count}` : clean;
}

/** What ends a prefix that shall be kept; nothing where none is wanted. */
export function cachePoint(mark: CacheMark | undefined): readonly JsonObject[] {
  if (mark === undefined) return [];
  return [{ cachePoint: { type: 'default', ...(mark.ttl === undefined ? {} : { ttl: mark.ttl }) } }];
}
