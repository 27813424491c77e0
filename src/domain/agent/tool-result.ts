/** What a model is told of a tool's answer: the text of an MCP result, within a bound. */

import { isObject } from '../../lib/is-object.ts';

export interface ToolResultText {
  readonly text: string;
  readonly isError: boolean;
}

/** Longer ones are cut, with a note: a model that gets megabytes fails, or costs a fortune in every round that follows. */
const MAX_CHARS = 200_000;

/** `text`: the result or JSON-RPC error as its server sent it. */
export function readToolResult(type: 'result' | 'rpc-error', text: string): ToolResultText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { text: 'the tool answered with what is no JSON', isError: true };
  }
  if (!isObject(value)) return { text: bounded(text), isError: true };
  if (type === 'rpc-error') {
    const said = typeof value.message === 'string' ? value.message : 'an error without words';
    return { text: bounded(said), isError: true };
  }
  if (value.resultType !== undefined && value.resultType !== 'complete')
    return { text: 'the tool asks its caller for more, which nobody is there to answer', isError: true };
  const blocks = Array.isArray(value.content) ? value.content.filter(isObject) : [];
  const said = blocks.map(describeBlock).join('\n');
  const isEmpty = blocks.length === 0 && value.structuredContent !== undefined;
  return {
    text: bounded(isEmpty ? JSON.stringify(value.structuredContent) : said),
    isError: value.isError === true,
  };
}

function describeBlock(block: { readonly [name: string]: unknown }): string {
  const { type, text, resource, data, mimeType, uri, name } = block;
  if (type === 'text' && typeof text === 'string') return text;
  if (type === 'resource' && isObject(resource)) {
    if (typeof resource.text === 'string') return resource.text;
    return `[resource ${String(resource.uri ?? '')}]`;
  }
  if (type === 'resource_link') return `[resource ${String(name ?? '')} ${String(uri ?? '')}]`;
  const size = typeof data === 'string' ? `, ${Math.floor((data.length * 3) / 4)} bytes` : '';
  return `[${String(type)} ${String(mimeType ?? '')}${size}]`;
}

function bounded(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  return `${text.slice(0, MAX_CHARS)}\n[cut by the gateway: ${text.length - MAX_CHARS} of ${text.length} characters left out]`;
}
