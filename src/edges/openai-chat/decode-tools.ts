/** Tools of a chat completions request and the choice among them, `functions` of old included. */

import type { ChatTool, ToolChoice } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { readCache } from './decode-parts.ts';
import { compact, optional, readBoolean, readList, readObject, readString, restOf, wrong } from './read-members.ts';

export function decodeTools(body: JsonObject): readonly ChatTool[] {
  const tools = optional(body.tools, 'tools', readList) ?? [];
  const functions = optional(body.functions, 'functions', readList) ?? [];
  return [
    ...tools.map((tool, i) => decodeTool(readObject(tool, `tools[${i}]`), `tools[${i}]`)),
    ...functions.map((each, i) => decodeFunction(readObject(each, `functions[${i}]`), {}, `functions[${i}]`)),
  ];
}

const FUNCTION: ReadonlySet<string> = new Set(['type', 'function', 'cache_control']);
const CUSTOM: ReadonlySet<string> = new Set(['type', 'custom']);

function decodeTool(tool: JsonObject, path: string): ChatTool {
  if (tool.type === 'function' || (tool.type === undefined && tool.function !== undefined))
    return decodeFunction(readObject(tool.function, `${path}.function`), tool, `${path}.function`);
  if (tool.type === 'custom') {
    const custom = readObject(tool.custom, `${path}.custom`);
    return compact({
      ...{ type: 'custom', name: readString(custom.name, `${path}.custom.name`) },
      description: optional(custom.description, `${path}.custom.description`, readString),
      format: optional(custom.format, `${path}.custom.format`, readObject),
      extra: restOf(tool, CUSTOM),
    });
  }
  const type = readString(tool.type, `${path}.type`);
  const name = typeof tool.name === 'string' ? tool.name : type;
  return { type: 'foreign', dialect: 'openai-chat', name, value: tool };
}

function decodeFunction(inner: JsonObject, tool: JsonObject, path: string): ChatTool {
  return compact({
    ...{ type: 'function', name: readString(inner.name, `${path}.name`) },
    description: optional(inner.description, `${path}.description`, readString),
    parameters: optional(inner.parameters, `${path}.parameters`, readObject),
    strict: optional(inner.strict, `${path}.strict`, readBoolean),
    cache: readCache(tool, path),
    extra: restOf(tool, FUNCTION),
  });
}

export function decodeToolChoice(body: JsonObject): ToolChoice | undefined {
  const choice = body.tool_choice ?? body.function_call;
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  // Mistral's word.
  if (choice === 'any') return { type: 'required' };
  if (!isObject(choice)) throw wrong('tool_choice', 'must be auto, none, required, or name a tool');
  optional(choice.type, 'tool_choice.type', readString);
  if (choice.type === 'allowed_tools') {
    const allowed = readObject(choice.allowed_tools, 'tool_choice.allowed_tools');
    const names = readList(allowed.tools, 'tool_choice.allowed_tools.tools').map((tool, i) =>
      readToolName(tool, `tool_choice.allowed_tools.tools[${i}]`),
    );
    return { type: 'allowed', names, required: allowed.mode === 'required' };
  }
  return { type: 'tool', name: readToolName(choice, 'tool_choice') };
}

/** `{type, function: {name}}`, `{type, custom: {name}}`, `{name}`. */
function readToolName(value: unknown, path: string): string {
  const tool = readObject(value, path);
  const inner = tool.function ?? tool.custom ?? tool;
  return readString(isObject(inner) ? inner.name : undefined, `${path}.name`);
}
