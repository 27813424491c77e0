/** Reads listed items: keeps each one's text, takes out what we decide on, leaves out what would spoil the whole list. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { OfferedPrompt, OfferedResource, OfferedTemplate, OfferedTool } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';
import { DuplicateMemberError, scanMembers } from '../../lib/json-text.ts';
import { readHeaderParams } from './header-params.ts';
import { stripOwnMeta } from './own-keys.ts';

export interface ListedItem {
  readonly text: JsonText;
  readonly value: unknown;
}

/** An item, or why it is left out. */
type Reading<T> = T | { readonly fault: string };

const MAX_NAME_CHARS = 1_024;
const MAX_URI_CHARS = 8_192;

/**
 * Clients throw a whole list away for one item that breaks the schema, so such items are left out here, once and with a
 * warning. Of several items with one name the first stays.
 */
function readItems<T extends object>(
  items: readonly ListedItem[],
  read: (value: JsonObject, text: JsonText) => Reading<T>,
  nameOf: (item: T) => string,
  warn: (fault: string) => void,
): T[] {
  const kept: T[] = [];
  const names = new Set<string>();
  for (const { text, value } of items) {
    const item = isObject(value) ? readClean(value, text, read) : { fault: 'an item is no object' };
    if ('fault' in item) warn(item.fault);
    else if (names.has(nameOf(item))) warn(`${show(nameOf(item))} is listed twice`);
    else {
      names.add(nameOf(item));
      kept.push(item);
    }
  }
  return kept;
}

/** Reads an item without our own keys in its `_meta`. */
function readClean<T extends object>(
  value: JsonObject,
  text: JsonText,
  read: (value: JsonObject, text: JsonText) => Reading<T>,
): Reading<T> {
  try {
    scanMembers(text);
    return read(value, stripOwnMeta(text, value));
  } catch (error) {
    // Two readers could see two names; later steps that change members refuse such text.
    if (error instanceof DuplicateMemberError) return { fault: `in an item ${error.message}` };
    throw error;
  }
}

/** `isModern`: a tool whose header annotations break the rules must not be offered. */
export function readTools(
  items: readonly ListedItem[],
  isModern: boolean,
  warn: (fault: string) => void,
): OfferedTool[] {
  return readItems<OfferedTool>(
    items,
    (value, text) => {
      const name = value.name;
      if (!isName(name)) return { fault: 'a tool has no valid name' };
      const schema = value.inputSchema;
      if (!isObject(schema) || schema.type !== 'object')
        return { fault: `tool ${show(name)} has no inputSchema of type object` };
      const headers = readHeaderParams(schema);
      if (!headers.ok && isModern) return { fault: `tool ${show(name)}: ${headers.reason}` };
      const hints = isObject(value.annotations) ? value.annotations : {};
      const readOnly = hints.readOnlyHint === true;
      const idempotent = readOnly || hints.idempotentHint === true;
      if (headers.ok) return { name, text, readOnly, idempotent, headerParams: headers.params };
      return { name, text, readOnly, idempotent, headerParams: [], headersInvalid: true };
    },
    (tool) => tool.name,
    warn,
  );
}

export function readPrompts(items: readonly ListedItem[], warn: (fault: string) => void): OfferedPrompt[] {
  return readItems<OfferedPrompt>(
    items,
    ({ name }, text) => (isName(name) ? { name, text } : { fault: 'a prompt has no valid name' }),
    (prompt) => prompt.name,
    warn,
  );
}

export function readResources(items: readonly ListedItem[], warn: (fault: string) => void): OfferedResource[] {
  return readItems<OfferedResource>(
    items,
    ({ uri, name }, text) =>
      isUri(uri) && typeof name === 'string'
        ? { uri, text }
        : { fault: `a resource has no valid uri and name: ${show(uri)}` },
    (resource) => resource.uri,
    warn,
  );
}

export function readTemplates(items: readonly ListedItem[], warn: (fault: string) => void): OfferedTemplate[] {
  return readItems<OfferedTemplate>(
    items,
    ({ uriTemplate, name }, text) =>
      isUri(uriTemplate) && typeof name === 'string'
        ? { uriTemplate, text }
        : { fault: `a resource template has no valid uriTemplate and name: ${show(uriTemplate)}` },
    (template) => template.uriTemplate,
    warn,
  );
}

/** The spec wants 1 to 128 characters of `[A-Za-z0-9_.-]`, but real servers use more; control characters go too far. */
function isName(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_CHARS && !/[\x00-\x1f\x7f]/.test(value)
  );
}

function isUri(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length > 0 && value.length <= MAX_URI_CHARS && !/[\x00-\x20\x7f]/.test(value)
  );
}

function show(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 100) : value)?.slice(0, 120) ?? 'nothing';
}
