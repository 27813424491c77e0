/** Tool arguments from the command line: JSON, `name=value` pairs typed by the tool's schema, and mirrored headers. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { encodeHeaderValue } from './gateway-client.ts';

function typesOf(schema: JsonObject | undefined, property: string): readonly unknown[] {
  const properties = schema?.properties;
  const described = isObject(properties) && Object.hasOwn(properties, property) ? properties[property] : undefined;
  const type = isObject(described) ? described.type : undefined;
  return Array.isArray(type) ? type : type === undefined ? [] : [type];
}

/** A value typed as the schema says: text stays text where text is wanted, anything else is read as JSON. */
function typedValue(text: string, types: readonly unknown[], name: string): unknown {
  if (types.includes('string')) return text;
  try {
    return JSON.parse(text);
  } catch {
    if (types.length === 0) return text;
    throw new CommandError(EXIT.usage, `--arg ${name}: ${JSON.stringify(text)} is no ${types.join(' or ')}`);
  }
}

/** The arguments object. Pairs are added to, and win over, the JSON. */
export function parseArguments(
  json: string | undefined,
  pairs: readonly string[],
  schema: JsonObject | undefined,
): JsonObject {
  let base: unknown = {};
  if (json !== undefined) {
    try {
      base = JSON.parse(json);
    } catch (error) {
      throw new CommandError(EXIT.usage, `--args is not valid JSON: ${messageOf(error)}`);
    }
    if (!isObject(base)) throw new CommandError(EXIT.usage, '--args wants a JSON object, such as {"path": "a.txt"}');
  }
  const entries = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new CommandError(EXIT.usage, `--arg wants name=value, not ${JSON.stringify(pair)}`);
    const name = pair.slice(0, equals);
    return [name, typedValue(pair.slice(equals + 1), typesOf(schema, name), name)] as const;
  });
  return { ...(base as JsonObject), ...Object.fromEntries(entries) };
}

/** `Mcp-Param-*` headers that the schema asks to mirror (2026-07-28 `x-mcp-header`), nested properties included. */
export function headersForTool(schema: JsonObject | undefined, args: unknown): { [name: string]: string } {
  const headers: { [name: string]: string } = {};
  const visit = (node: unknown, value: unknown, depth: number): void => {
    const properties = isObject(node) ? node.properties : undefined;
    if (!isObject(properties) || !isObject(value) || depth > 16) return;
    for (const [name, property] of Object.entries(properties)) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      const header = isObject(property) ? property['x-mcp-header'] : undefined;
      if (typeof header === 'string' && ['string', 'number', 'boolean'].includes(typeof given)) {
        headers[`mcp-param-${header.toLowerCase()}`] = encodeHeaderValue(String(given));
      }
      visit(property, given, depth + 1);
    }
  };
  visit(schema, args, 0);
  return headers;
}
