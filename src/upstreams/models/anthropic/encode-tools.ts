/** Neutral tools, and how they may be used, in the words of the Messages API. */

import type { ChatRequest, ChatTool } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTool } from '../../../contracts/models.ts';
import { type Encoding, encodeCache, encodeExtra } from './encode-parts.ts';

/** The members `tools` and `tool_choice`, without tools of the gateway. */
export function encodeTools(
  encoding: Encoding,
  { tools, toolChoice, parallelToolCalls }: ChatRequest,
  hasInjected: boolean,
): { readonly tools: readonly JsonObject[]; readonly tool_choice: JsonObject | undefined } {
  // "One of these": the others are not shown.
  const allowed = toolChoice?.type === 'allowed' ? new Set(toolChoice.names) : undefined;
  const shown = tools.filter((tool) => allowed === undefined || allowed.has(tool.name));
  const encoded = shown.flatMap((tool, i) => encodeTool(encoding, tool, `tools[${i}]`));
  if (encoded.length === 0 && !hasInjected) return { tools: encoded, tool_choice: undefined };
  return { tools: encoded, tool_choice: encodeChoice(encoding, tools, toolChoice, parallelToolCalls) };
}

function encodeChoice(
  { names }: Encoding,
  tools: readonly ChatTool[],
  choice: ChatRequest['toolChoice'],
  parallel: boolean | undefined,
): JsonObject | undefined {
  if (choice?.type === 'none') return { type: 'none' };
  const alone = parallel === undefined ? {} : { disable_parallel_tool_use: !parallel };
  switch (choice?.type) {
    case undefined:
      return parallel === false ? { type: 'auto', ...alone } : undefined;
    case 'auto':
      return { type: 'auto', ...alone };
    case 'required':
      return { type: 'any', ...alone };
    case 'tool': {
      const tool = tools.find(({ name }) => name === choice.name);
      const namespace = tool?.type === 'function' ? tool.namespace : undefined;
      return { type: 'tool', name: names.toWire(choice.name, namespace), ...alone };
    }
    case 'allowed':
      return { type: choice.required ? 'any' : 'auto', ...alone };
  }
}

function encodeTool(encoding: Encoding, tool: ChatTool, path: string): readonly JsonObject[] {
  switch (tool.type) {
    case 'function':
      return [
        {
          name: encoding.names.toWire(tool.name, tool.namespace),
          ...(tool.description === undefined ? {} : { description: tool.description }),
          input_schema: tool.parameters ?? { type: 'object', properties: {} },
          ...(tool.strict === undefined ? {} : { strict: tool.strict }),
          ...(tool.deferred === undefined ? {} : { defer_loading: tool.deferred }),
          ...encodeCache(tool.cache),
          ...encodeExtra(encoding, tool.extra, path),
        },
      ];
    case 'custom': {
      encodeExtra(encoding, tool.extra, path);
      const name = encoding.names.toWire(tool.name, undefined, true);
      return [{ name, description: describeCustom(tool), input_schema: FREE_TEXT }];
    }
    case 'foreign':
      if (tool.dialect === 'anthropic') return [tool.value];
      encoding.dropped.push(path);
      return [];
  }
}

const FREE_TEXT: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input, as free text' } },
  required: ['input'],
  additionalProperties: false,
};

/** A grammar cannot be enforced here; the model can be told it. */
function describeCustom({ description, format }: Extract<ChatTool, { type: 'custom' }>): string {
  const grammar = format === undefined ? '' : `\n\nThe input must have this form:\n${JSON.stringify(format)}`;
  return `${description ?? ''}${grammar}`.trim();
}

/** Elements of `tools`, separated by commas; rendered once for all requests with the same view. */
export function renderInjected(tools: readonly InjectedTool[]): JsonText {
  return tools
    .map(
      ({ name, description, parameters }) =>
        `{"name":${JSON.stringify(name)},"description":${JSON.stringify(description)},"input_schema":${parameters}}`,
    )
    .join(',');
}
