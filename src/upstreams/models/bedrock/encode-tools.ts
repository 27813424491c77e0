/** Tools and the choice among them, as Converse has them. */

import type { ChatRequest, ChatTool } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTool, InjectedTools } from '../../../contracts/models.ts';
import { type Dropped, refuse } from '../dropped.ts';
import type { ToolNames, WireNameRules } from '../tool-names.ts';
import { cachePoint } from './encode-media.ts';

export const TOOL_NAME_RULES: WireNameRules = { character: /[a-zA-Z0-9_-]/, maxChars: 64 };

/** `none` has no word in Converse: the model is shown no tools then. */
export function isWithTools(chat: ChatRequest, injected: InjectedTools | undefined): boolean {
  return chat.toolChoice?.type !== 'none' && chat.tools.length + (injected?.tools.length ?? 0) > 0;
}

/** Undefined: there is none that could be shown. */
export function encodeToolConfig(
  chat: ChatRequest,
  injected: InjectedTools | undefined,
  names: ToolNames,
  dropped: Dropped,
): JsonText | undefined {
  // First, so that they keep their names: one of the caller's that came out alike is told apart.
  for (const { name } of injected?.tools ?? []) names.toWire(name);
  const { toolChoice } = chat;
  const allowed = toolChoice?.type === 'allowed' ? new Set(toolChoice.names) : undefined;
  const own = chat.tools.flatMap((tool, i) => encodeTool(tool, `tools[${i}]`, allowed, names, dropped));
  const entries = own.map((entry) => JSON.stringify(entry));
  // Those of the gateway are not among the ones the caller allowed.
  if (injected !== undefined && injected.tools.length > 0 && allowed === undefined)
    entries.push(injected.fragment('bedrock', renderInjected));
  if (entries.length === 0) {
    if (toolChoice?.type === 'required' || toolChoice?.type === 'tool' || toolChoice?.type === 'allowed')
      refuse('tool_choice', 'none of the tools it could mean can be offered on Bedrock');
    return undefined;
  }
  const choice = encodeChoice(chat, names);
  return `{"tools":[${entries.join(',')}]${choice === undefined ? '' : `,"toolChoice":${JSON.stringify(choice)}`}}`;
}

function renderInjected(tools: readonly InjectedTool[]): JsonText {
  return tools
    .map(
      ({ name, description, parameters }) =>
        `{"toolSpec":{"name":${JSON.stringify(name)},${description === '' ? '' : `"description":${JSON.stringify(description)},`}"inputSchema":{"json":${parameters}}}}`,
    )
    .join(',');
}

function encodeTool(
  tool: ChatTool,
  path: string,
  allowed: ReadonlySet<string> | undefined,
  names: ToolNames,
  dropped: Dropped,
): readonly JsonObject[] {
  if (allowed !== undefined && !allowed.has(tool.name)) return [];
  if (tool.type === 'custom') refuse(path, 'Bedrock has no tools whose input is free text');
  if (tool.type === 'foreign') {
    // Cache points and tools of the system itself, where the client speaks Converse.
    if (tool.dialect === 'bedrock') return [tool.value];
    dropped.note(path);
    return [];
  }
  dropped.note(`${path}.defer_loading`, tool.deferred || undefined);
  dropped.noteExtra(path, tool);
  const { description, strict } = tool;
  const toolSpec = {
    name: names.toWire(tool.name, tool.namespace),
    ...(description === undefined || description === '' ? {} : { description }),
    inputSchema: { json: tool.parameters ?? { type: 'object', properties: {} } },
    ...(strict === undefined ? {} : { strict }),
  };
  return [{ toolSpec }, ...cachePoint(tool.cache)];
}

function encodeChoice({ toolChoice, tools }: ChatRequest, names: ToolNames): JsonObject | undefined {
  switch (toolChoice?.type) {
    case undefined:
    case 'none':
      return undefined;
    case 'auto':
      return { auto: {} };
    case 'required':
      return { any: {} };
    case 'allowed':
      return toolChoice.required ? { any: {} } : { auto: {} };
    case 'tool': {
      const chosen = tools.find(({ name }) => name === toolChoice.name);
      const namespace = chosen?.type === 'function' ? chosen.namespace : undefined;
      return { tool: { name: names.toWire(toolChoice.name, namespace) } };
    }
  }
}
