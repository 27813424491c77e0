/** A tool's definition as a client of one era may see it, where the server's own era says it differently. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Era } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';

/**
 * Legacy: an `outputSchema` that is no object's becomes that of `{"result": …}`, as such results are wrapped. Modern:
 * `execution.taskSupport`, which only 2025-11-25 has, goes. Anything else keeps its text.
 */
export function toolForEra(text: JsonText, era: Era): JsonText {
  if (era === 'legacy') return text.includes('"outputSchema"') ? wrapOutputSchema(text) : text;
  if (!text.includes('"taskSupport"')) return text;
  const execution = memberText(text, 'execution');
  if (execution?.startsWith('{') !== true) return text;
  const rest = withMembers(execution, { taskSupport: undefined });
  return withMembers(text, { execution: rest === '{}' ? undefined : rest });
}

function wrapOutputSchema(text: JsonText): JsonText {
  const schema = memberText(text, 'outputSchema');
  if (schema === undefined) return text;
  const value: unknown = JSON.parse(schema);
  if (isObject(value) && (value as JsonObject).type === 'object') return text;
  // References are relative to the whole schema and would point elsewhere; without a schema nothing is checked.
  const wrapped = schema.includes('"$ref"')
    ? undefined
    : `{"type":"object","properties":{"result":${schema}},"required":["result"]}`;
  return withMembers(text, { outputSchema: wrapped });
}
