/** From neutral tools and tool choice to Gemini's. */

import type { ChatRequest, ChatTool, ToolChoice } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import { type InjectedTool, type InjectedTools, ProviderFailure } from '../../../contracts/models.ts';
import type { WireNameRules } from '../tool-names.ts';
import type { EncodeContext } from './encode-messages.ts';

/** Names of functions as Gemini takes them. */
export const GEMINI_NAMES: WireNameRules = { character: /[a-zA-Z0-9_.:-]/, first: /[a-zA-Z_]/, maxChars: 64 };

/** Custom tools become functions with one text. */
const CUSTOM_SCHEMA = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
} as const;

/** The value of `tools`; undefined: there are none. `custom` collects wire names of custom tools. */
export function encodeTools(
  request: ChatRequest,
  injected: InjectedTools | undefined,
  context: EncodeContext,
  custom: Set<string>,
): JsonText | undefined {
  const declarations: JsonText[] = [];
  const others: JsonText[] = [];
  for (const [i, tool] of request.tools.entries()) {
    const path = `tools[${i}]`;
    if (tool.type !== 'foreign') declarations.push(JSON.stringify(encodeTool(tool, path, context, custom)));
    else if (context.isOwn && tool.dialect === 'gemini') others.push(JSON.stringify(tool.value));
    else dropForeign(tool.name, path, request, context);
  }
  if (injected !== undefined && injected.tools.length > 0) declarations.push(renderInjected(injected));
  if (declarations.length > 0) others.unshift(`{"functionDeclarations":[${declarations.join(',')}]}`);
  return others.length === 0 ? undefined : `[${others.join(',')}]`;
}

/** The gateway's tools as declarations, comma between them. */
export function renderInjected(injected: InjectedTools): JsonText {
  return injected.fragment('gemini', (tools) => tools.map(renderDeclaration).join(','));
}

function renderDeclaration({ name, description, parameters }: InjectedTool): JsonText {
  return `{"name":${JSON.stringify(name)},"description":${JSON.stringify(description)},"parametersJsonSchema":${parameters}}`;
}

function dropForeign(name: string, path: string, { toolChoice, tools }: ChatRequest, context: EncodeContext): void {
  const isForced = toolChoice?.type === 'tool' && toolChoice.name === name;
  if (isForced || (toolChoice?.type === 'required' && tools.length === 1))
    throw new ProviderFailure('unsupported', `${path}: ${name} is run by another provider`, {
      publicText: `${path}: the tool ${name.slice(0, 64)} must be called, and is one of another provider`,
    });
  context.drop(path);
}

function encodeTool(
  tool: Exclude<ChatTool, { readonly type: 'foreign' }>,
  path: string,
  context: EncodeContext,
  custom: Set<string>,
): JsonObject {
  const description = tool.description === undefined ? {} : { description: tool.description };
  const extra = tool.extra ?? {};
  if (!context.isOwn) for (const key of Object.keys(extra)) context.drop(`${path}.${key}`);
  if (tool.type === 'custom') {
    const name = context.names.toWire(tool.name);
    custom.add(name);
    if (tool.format !== undefined && tool.format.type !== 'text') context.drop(`${path}.format`);
    return { name, ...description, parametersJsonSchema: CUSTOM_SCHEMA };
  }
  if (tool.cache !== undefined) context.drop(`${path}.cache`);
  if (tool.strict === true) context.drop(`${path}.strict`);
  if (tool.deferred === true) context.drop(`${path}.deferred`);
  return {
    ...{ name: context.names.toWire(tool.name, tool.namespace), ...description },
    ...(tool.parameters === undefined ? {} : { parametersJsonSchema: tool.parameters }),
    ...(context.isOwn ? extra : {}),
  };
}

/** The value of `toolConfig.functionCallingConfig`. */
export function encodeToolChoice(choice: ToolChoice, request: ChatRequest, context: EncodeContext): JsonObject {
  const wireName = (name: string): string => {
    const tool = request.tools.find((each) => each.name === name);
    return context.names.toWire(name, tool?.type === 'function' ? tool.namespace : undefined);
  };
  switch (choice.type) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [wireName(choice.name)] };
    case 'allowed':
      return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names.map(wireName) };
  }
}
