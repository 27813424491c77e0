/** The tools of a Messages request, and how they may be used, in neutral words. */

import type { ChatTool, ToolChoice } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { flagOf, invalid, objectOf, objectsOf, optional, readCache, rest, textOf, wordOf } from './read-members.ts';

/** `found`: tools that a tool search of the client's has found; they are deferred no more. */
export function decodeTools(value: unknown, found: ReadonlySet<string>): readonly ChatTool[] {
  return objectsOf(value, 'tools').map((tool, i) => decodeTool(tool, `tools[${i}]`, found));
}

function decodeTool(tool: JsonObject, path: string, found: ReadonlySet<string>): ChatTool {
  const type = wordOf(tool.type, `${path}.type`) ?? 'custom';
  // Anthropic's own tools have a versioned type; toolsets of MCP servers have no name.
  if (type !== 'custom') {
    const name = tool.name ?? tool.mcp_server_name ?? type;
    return { type: 'foreign', dialect: 'anthropic', name: textOf(name, `${path}.name`), value: tool };
  }
  const name = textOf(tool.name, `${path}.name`);
  const schema = objectOf(tool.input_schema, `${path}.input_schema`);
  return {
    type: 'function',
    name,
    ...optional('description', wordOf(tool.description, `${path}.description`)),
    ...optional('parameters', schema),
    ...optional('strict', flagOf(tool.strict, `${path}.strict`)),
    ...optional('deferred', tool.defer_loading === true && !found.has(name) ? true : undefined),
    ...optional('cache', readCache(tool.cache_control, `${path}.cache_control`)),
    ...rest(tool, ['type', 'name', 'description', 'input_schema', 'strict', 'defer_loading', 'cache_control']),
  };
}

export function decodeToolChoice(value: unknown): {
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
} {
  if (value === undefined || value === null) return {};
  const [choice] = objectsOf([value], 'tool_choice');
  const disabled = flagOf(choice?.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use');
  return {
    toolChoice: choiceOf(choice ?? {}),
    ...(disabled === undefined ? {} : { parallelToolCalls: !disabled }),
  };
}

function choiceOf(choice: JsonObject): ToolChoice {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { type: choice.type };
    case 'any':
      return { type: 'required' };
    case 'tool':
      return { type: 'tool', name: textOf(choice.name, 'tool_choice.name') };
    default:
      throw invalid('tool_choice.type', 'must be auto, any, tool or none');
  }
}
