/** A tool result as lines a person can read: text as it is, everything else named with its kind and size. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { showForeign } from './terminal.ts';

function sizeOf(base64: unknown): string {
  const bytes = typeof base64 === 'string' ? Math.floor((base64.replace(/=+$/, '').length * 3) / 4) : 0;
  return `${bytes.toLocaleString('en')} bytes`;
}

function renderBlock(block: unknown): string {
  if (!isObject(block)) return JSON.stringify(block);
  const mime = String(block.mimeType ?? 'unknown type');
  switch (block.type) {
    case 'text':
      return String(block.text);
    case 'image':
    case 'audio':
      return `[${block.type} ${mime}, ${sizeOf(block.data)}]`;
    case 'resource_link':
      return `[link ${String(block.uri)}${block.name === undefined ? '' : ` (${String(block.name)})`}]`;
    case 'resource': {
      const resource = isObject(block.resource) ? block.resource : {};
      const head = `[resource ${String(resource.uri)}`;
      if (typeof resource.text === 'string') return `${head}]\n${resource.text}`;
      return `${head}, ${String(resource.mimeType ?? 'unknown type')}, ${sizeOf(resource.blob)}]`;
    }
    default:
      return JSON.stringify(block);
  }
}

/** Lines for `content`, or for `structuredContent` where there is no content. */
export function renderContent(result: JsonObject): string[] {
  const content = Array.isArray(result.content) ? result.content : [];
  const texts = content.map(renderBlock);
  if (texts.length === 0 && result.structuredContent !== undefined) {
    texts.push(JSON.stringify(result.structuredContent, undefined, 2));
  }
  return texts.map(showForeign);
}
