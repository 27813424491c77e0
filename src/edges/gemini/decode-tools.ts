/** From Gemini's tools and tool configuration to neutral ones. */

import type { ChatTool, ToolChoice } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { fromOpenApi } from './from-open-api.ts';
import { readObject, readObjects, readString, readStrings, restOf, wrong } from './read-member.ts';

const DECLARATION: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'parametersJsonSchema']);

export function decodeTools(tools: readonly JsonObject[]): readonly ChatTool[] {
  return tools.flatMap((tool, i) => [
    ...readObjects(tool, 'functionDeclarations', `tools[${i}].`).map((each, j) =>
      decodeDeclaration(each, `tools[${i}].functionDeclarations[${j}].`),
    ),
    ...Object.keys(tool)
      .filter((name) => name !== 'functionDeclarations')
      .map((name): ChatTool => ({ type: 'foreign', dialect: 'gemini', name, value: { [name]: tool[name] } })),
  ]);
}

function decodeDeclaration(given: JsonObject, path: string): ChatTool {
  const name = readString(given, 'name', path);
  if (name === undefined || name === '') throw wrong(`${path}name`, 'a name');
  const description = readString(given, 'description', path);
  const schema = readObject(given, 'parametersJsonSchema', path);
  const openApi = schema === undefined ? readObject(given, 'parameters', path) : undefined;
  const parameters = schema ?? (openApi && fromOpenApi(openApi));
  const extra = restOf(given, DECLARATION);
  return {
    ...{ type: 'function', name },
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(extra === undefined ? {} : { extra }),
  };
}

/** `rest`: what of the configuration has no neutral word. */
export function decodeToolConfig(config: JsonObject | undefined): {
  readonly choice: ToolChoice | undefined;
  readonly rest: JsonObject | undefined;
} {
  if (config === undefined) return { choice: undefined, rest: undefined };
  const calling = readObject(config, 'functionCallingConfig', 'toolConfig.') ?? {};
  const path = 'toolConfig.functionCallingConfig.';
  const mode = readString(calling, 'mode', path)?.toUpperCase();
  const names = readStrings(calling, 'allowedFunctionNames', path) ?? [];
  const choice = decodeChoice(mode, names, path);
  const known = choice === undefined ? [] : ['mode', 'allowedFunctionNames'];
  const callingRest = restOf(calling, new Set(known));
  const rest = {
    ...restOf(config, new Set(['functionCallingConfig'])),
    ...(callingRest === undefined ? {} : { functionCallingConfig: callingRest }),
  };
  return { choice, rest: Object.keys(rest).length === 0 ? undefined : rest };
}

/** Undefined: the model's default, or one that only Gemini knows (`VALIDATED` over all tools). */
function decodeChoice(mode: string | undefined, names: readonly string[], path: string): ToolChoice | undefined {
  const [first] = names;
  switch (mode) {
    case undefined:
    case 'MODE_UNSPECIFIED':
      return undefined;
    case 'AUTO':
      return { type: 'auto' };
    case 'NONE':
      return { type: 'none' };
    case 'ANY':
      if (first === undefined) return { type: 'required' };
      return names.length === 1 ? { type: 'tool', name: first } : { type: 'allowed', names, required: true };
    case 'VALIDATED':
      return first === undefined ? undefined : { type: 'allowed', names, required: false };
    default:
      throw wrong(`${path}mode`, 'AUTO, ANY, NONE or VALIDATED');
  }
}
