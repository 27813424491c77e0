/** Neutral tools and the choice among them as chat completions write them. */

import type { ChatRequest, ChatTool } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { extraOf, type MessageRules, unsupported } from './encode-messages.ts';

export interface ToolRules extends Pick<MessageRules, 'names' | 'keepsExtra' | 'dropped'> {
  /** Understands `allowed_tools`; elsewhere the other tools are left out, which comes to the same. */
  readonly allowsTools: boolean;
}

/** `tools`, `tool_choice`, `parallel_tool_calls`: all undefined where there are no tools, since they are refused alone. */
export function encodeTools(
  { tools, toolChoice, parallelToolCalls }: ChatRequest,
  rules: ToolRules,
  hasInjected: boolean,
): JsonObject {
  const only = toolChoice?.type === 'allowed' && !rules.allowsTools ? new Set<string>(toolChoice.names) : undefined;
  const encoded = tools.flatMap((tool, i) =>
    only !== undefined && !only.has(tool.name) ? [] : encodeTool(tool, `tools[${i}]`, rules),
  );
  if (toolChoice?.type === 'tool' && isForeign(tools, toolChoice.name)) throw unsupported(`tool ${toolChoice.name}`);
  if (encoded.length === 0 && !hasInjected) {
    if (toolChoice?.type === 'required') throw unsupported('a tool that must be called');
    return {};
  }
  return {
    tools: encoded.length === 0 ? undefined : encoded,
    tool_choice: encodeChoice(tools, toolChoice, rules),
    parallel_tool_calls: parallelToolCalls,
  };
}

function isForeign(tools: readonly ChatTool[], name: string): boolean {
  return tools.some((tool) => tool.type === 'foreign' && tool.dialect !== 'openai-chat' && tool.name === name);
}

function encodeTool(tool: ChatTool, path: string, rules: ToolRules): readonly JsonObject[] {
  switch (tool.type) {
    case 'foreign':
      if (tool.dialect === 'openai-chat') return [tool.value];
      rules.dropped.add(`${path} (${tool.name})`);
      return [];
    case 'custom': {
      const { description, format } = tool;
      const custom = { name: rules.names.toWire(tool.name), description, format };
      return [{ type: 'custom', custom, ...extraOf(tool.extra, path, rules) }];
    }
    case 'function': {
      if (tool.cache !== undefined) rules.dropped.add('cache_control');
      if (tool.deferred === true) rules.dropped.add('defer_loading');
      const { description, parameters, strict } = tool;
      const name = rules.names.toWire(tool.name, tool.namespace);
      return [
        { type: 'function', function: { name, description, parameters, strict }, ...extraOf(tool.extra, path, rules) },
      ];
    }
  }
}

function encodeChoice(tools: readonly ChatTool[], choice: ChatRequest['toolChoice'], rules: ToolRules): unknown {
  const named = (name: string): JsonObject => {
    const tool = tools.find((each) => each.name === name);
    const namespace = tool?.type === 'function' ? tool.namespace : undefined;
    const type = tool?.type === 'custom' ? 'custom' : 'function';
    return { type, [type]: { name: rules.names.toWire(name, namespace) } };
  };
  if (choice === undefined) return undefined;
  switch (choice.type) {
    case 'tool':
      return named(choice.name);
    case 'allowed': {
      const mode = choice.required ? 'required' : 'auto';
      return rules.allowsTools
        ? { type: 'allowed_tools', allowed_tools: { mode, tools: choice.names.map(named) } }
        : mode;
    }
    default:
      return choice.type;
  }
}
