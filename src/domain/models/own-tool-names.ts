/**
 * The names of the tools a model request brings along itself, whatever its dialect: what all of them have in common is enough,
 * and a name too many only keeps a tool of ours out.
 */

import type { JsonObject, ParsedJson } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { peekMember } from '../../lib/peek-member.ts';

/** Where a tool's declaration keeps its name, besides `name` itself. */
const HOLDERS = ['function', 'custom', 'toolSpec'] as const;
/** Where several stand in one: Gemini in both spellings, namespaces of Responses. */
const LISTS = ['functionDeclarations', 'function_declarations', 'tools'] as const;
const MAX_DEPTH = 3;

export function ownToolNames(body: ParsedJson): ReadonlySet<string> {
  const config = peekMember(body, 'toolConfig');
  const tools = peekMember(body, 'tools');
  // Bedrock keeps them a level down; Gemini has a member of that name, too, without tools in it.
  const lists = [tools, isObject(config) ? (config as JsonObject).tools : undefined].filter(Array.isArray);
  const names = new Set<string>();
  for (const list of lists) collect(list, names, 0);
  return names;
}

function collect(list: readonly unknown[], names: Set<string>, depth: number): void {
  for (const element of list) {
    if (!isObject(element)) continue;
    const tool = element as JsonObject;
    add(tool.name, names);
    for (const holder of HOLDERS) if (isObject(tool[holder])) add((tool[holder] as JsonObject).name, names);
    if (depth >= MAX_DEPTH) continue;
    for (const member of LISTS) {
      const inner = tool[member];
      if (Array.isArray(inner)) collect(inner, names, depth + 1);
    }
  }
}

function add(name: unknown, names: Set<string>): void {
  if (typeof name === 'string') names.add(name);
}
