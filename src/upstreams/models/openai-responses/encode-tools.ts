/** Tools and the choice among them, as Responses writes them. */

import type { ChatRequest, ChatTool, ToolChoice } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTool } from '../../../contracts/models.ts';
import type { InputContext } from './encode-input.ts';

export function encodeTools({ tools }: ChatRequest, context: InputContext): readonly JsonObject[] {
  const encoded: JsonObject[] = [];
  /** The group that is being filled: tools of one that stand together were written together. */
  let group: { readonly name: string; readonly tools: JsonObject[] } | undefined;
  for (const [i, tool] of tools.entries()) {
    if (tool.type === 'foreign') {
      group = undefined;
      if (tool.dialect === 'openai-responses') encoded.push(tool.value);
      else context.dropped.note(`tools[${i}]`, tool);
      continue;
    }
    const { namespace } = tool;
    const { namespace_description: description = '', ...extra } = context.isOwn ? (tool.extra ?? {}) : {};
    if (!context.isOwn) context.dropped.noteExtra(`tools[${i}]`, tool);
    const written = encodeTool(tool, `tools[${i}]`, extra, context);
    if (namespace === undefined) {
      group = undefined;
      encoded.push(written);
      continue;
    }
    if (group?.name !== namespace) {
      group = { name: namespace, tools: [] };
      encoded.push({ type: 'namespace', name: namespace, description, tools: group.tools });
    }
    group.tools.push(written);
  }
  return encoded;
}

function encodeTool(
  tool: Exclude<ChatTool, { readonly type: 'foreign' }>,
  path: string,
  extra: JsonObject,
  { names, dropped, isOwn }: InputContext,
): JsonObject {
  // Elsewhere a function is held to its schema if that is said; here, if nothing is.
  const { type, description } = tool;
  const head = { type, name: names.toWire(tool.name), ...(description === undefined ? {} : { description }) };
  if (tool.type === 'custom') return { ...head, ...(tool.format && { format: tool.format }), ...extra };
  if (tool.cache !== undefined) dropped.note(`${path}.cache`, tool.cache);
  return {
    ...head,
    parameters: tool.parameters ?? null,
    ...(tool.strict === undefined && isOwn ? {} : { strict: tool.strict ?? false }),
    ...(tool.deferred === undefined ? {} : { defer_loading: tool.deferred }),
    ...extra,
  };
}

export function encodeToolChoice(
  choice: ToolChoice | undefined,
  tools: readonly ChatTool[],
  { names }: InputContext,
): unknown {
  const typeOf = (name: string): string =>
    tools.some((tool) => tool.type === 'custom' && tool.name === name) ? 'custom' : 'function';
  if (choice === undefined) return undefined;
  switch (choice.type) {
    case 'tool': {
      const group = choice.namespace === undefined ? {} : { namespace: choice.namespace };
      return { type: typeOf(choice.name), name: names.toWire(choice.name), ...group };
    }
    case 'allowed':
      return {
        type: 'allowed_tools',
        mode: choice.required ? 'required' : 'auto',
        tools: choice.names.map((name) => ({ type: typeOf(name), name: names.toWire(name) })),
      };
    case 'auto':
    case 'none':
    case 'required':
      return choice.type;
  }
}

/** The gateway's tools as an array; rendered once for all requests with the same view. */
export function renderInjected(tools: readonly InjectedTool[]): JsonText {
  const written = tools.map(
    ({ name, description, parameters }) =>
      `{"type":"function","name":${JSON.stringify(name)},"description":${JSON.stringify(description)},` +
      `"parameters":${parameters},"strict":false}`,
  );
  return `[${written.join(',')}]`;
}
