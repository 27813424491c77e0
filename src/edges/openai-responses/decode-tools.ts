/** Tools and the choice among them: from the words of Responses to neutral ones. */

import type { ChatTool, ToolChoice } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import {
  extraOf,
  invalid,
  onlyThere,
  optionalFlag,
  optionalObject,
  optionalText,
  readList,
  readObject,
  readText,
} from './read-members.ts';

/** A group (`namespace`) becomes its tools, each of which knows it. */
export function decodeTools(value: unknown, path: string): readonly ChatTool[] {
  if (value === undefined || value === null) return [];
  return readList(value, path).flatMap((each, i) => {
    const at = `${path}[${i}]`;
    const tool = readObject(each, at);
    if (tool.type !== 'namespace') return [decodeTool(tool, at)];
    return decodeGroup(tool, at);
  });
}

function decodeGroup(group: JsonObject, path: string): readonly ChatTool[] {
  const namespace = readText(group.name, `${path}.name`);
  const description = optionalText(group.description, `${path}.description`);
  return readList(group.tools, `${path}.tools`).map((each, i) => {
    const tool = decodeTool(readObject(each, `${path}.tools[${i}]`), `${path}.tools[${i}]`);
    if (tool.type === 'foreign') return tool;
    // What the group is for is said once, and has no place with others.
    const said = i === 0 && description ? { extra: { ...tool.extra, namespace_description: description } } : {};
    return { ...tool, namespace, ...said };
  });
}

const FUNCTION = new Set(['type', 'name', 'description', 'parameters', 'strict', 'defer_loading']);
const CUSTOM = new Set(['type', 'name', 'description', 'format']);

function decodeTool(tool: JsonObject, path: string): ChatTool {
  const type = readText(tool.type, `${path}.type`);
  if (type !== 'function' && type !== 'custom')
    return { type: 'foreign', dialect: 'openai-responses', name: type, value: tool };
  const name = readText(tool.name, `${path}.name`);
  const description = optionalText(tool.description, `${path}.description`);
  if (type === 'custom') {
    const format = optionalObject(tool.format, `${path}.format`);
    return { type, name, description, format, ...extraOf(tool, CUSTOM) };
  }
  return {
    ...{ type, name, description },
    parameters: optionalObject(tool.parameters, `${path}.parameters`),
    strict: optionalFlag(tool.strict, `${path}.strict`),
    deferred: optionalFlag(tool.defer_loading, `${path}.defer_loading`),
    ...extraOf(tool, FUNCTION),
  };
}

/** Throws ProviderFailure `unsupported` where a tool that the provider itself runs is to be used. */
export function decodeToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  if (typeof value === 'string') return invalid('tool_choice', 'auto, none, required or an object');
  const choice = readObject(value, 'tool_choice');
  if (choice.type === 'function' || choice.type === 'custom') {
    const name = readText(choice.name, 'tool_choice.name');
    return { type: 'tool', name, namespace: optionalText(choice.namespace, 'tool_choice.namespace') };
  }
  if (choice.type !== 'allowed_tools') return onlyThere('tool_choice');
  const names = readList(choice.tools, 'tool_choice.tools').map((each, i) => {
    const tool = readObject(each, `tool_choice.tools[${i}]`);
    if (tool.type !== 'function' && tool.type !== 'custom') return onlyThere(`tool_choice.tools[${i}]`);
    return readText(tool.name, `tool_choice.tools[${i}].name`);
  });
  return { type: 'allowed', names, required: choice.mode === 'required' };
}
