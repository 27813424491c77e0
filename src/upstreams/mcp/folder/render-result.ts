/** From what a handler returned or threw to the result of an MCP call. */

import { isObject } from '../../../lib/is-object.ts';
import type { LoadedTool } from './read-tool.ts';

const MAX_MESSAGE_CHARS = 4_000;

export type CallResult = { readonly [member: string]: unknown };

export function renderFailure(message: string): CallResult {
  return {
    resultType: 'complete',
    content: [{ type: 'text', text: message.slice(0, MAX_MESSAGE_CHARS) }],
    isError: true,
  };
}

/** Only the message: the stack is for the operator. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  return typeof error === 'string' ? error : 'the tool failed';
}

/** Throws if the value is nothing that JSON can express. */
export async function renderResult(tool: LoadedTool, value: unknown): Promise<CallResult> {
  if (isFullResult(value)) return { resultType: 'complete', ...value };
  if (tool.output === undefined) return { resultType: 'complete', ...renderValue(value) };
  const checked = await tool.output.check(value);
  if ('issues' in checked)
    return renderFailure(`The result does not match the tool's output schema: ${checked.issues}`);
  return { resultType: 'complete', ...renderValue(checked.value) };
}

function renderValue(value: unknown): CallResult {
  if (value === undefined || value === null) return { content: [] };
  if (typeof value === 'string') return { content: [{ type: 'text', text: value }] };
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`a ${typeof value} is no result`);
  const content = [{ type: 'text', text }];
  // What decides is the JSON: a Date is an object, but text.
  return text.startsWith('{') ? { content, structuredContent: value } : { content };
}

function isFullResult(value: unknown): value is CallResult {
  return (
    isObject(value) &&
    Array.isArray(value.content) &&
    value.content.every((block) => isObject(block) && typeof block.type === 'string')
  );
}
