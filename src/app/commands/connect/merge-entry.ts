/** Puts one entry into the text of a client's configuration file. Pure: text in, text out. */

import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../../lib/is-object.ts';
import { parseJsonc } from '../../../lib/jsonc.ts';
import type { ClientEntry, ClientProfile } from './clients.ts';
import { appendElement, plainValue, setMember } from './edit-jsonc.ts';
import { setTable, tomlString } from './edit-toml.ts';

function member(value: unknown, path: readonly string[]): unknown {
  let inner = value;
  for (const name of path) inner = isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined;
  return inner;
}

function mergeJson(text: string, entry: ClientEntry): string {
  const present = text.trim() === '' ? {} : plainValue(parseJsonc(text));
  let merged = isDeepStrictEqual(member(present, entry.path), entry.value)
    ? text
    : setMember(text, entry.path, entry.value);
  if (entry.input !== undefined) {
    const inputs = member(present, ['inputs']);
    const known = Array.isArray(inputs) && inputs.some((input) => isObject(input) && input.id === entry.input?.id);
    if (!known) merged = appendElement(merged, 'inputs', entry.input);
  }
  return merged;
}

const tomlKey = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : tomlString(name));

function tomlValue(value: unknown): string {
  if (typeof value === 'string') return tomlString(value);
  if (isObject(value)) {
    const pairs = Object.entries(value).map(([name, inner]) => `${tomlString(name)} = ${tomlValue(inner)}`);
    return `{ ${pairs.join(', ')} }`;
  }
  return JSON.stringify(value);
}

function tomlLines(entry: ClientEntry): string[] {
  const values = Object.entries(entry.value).map(([name, value]) => `${tomlKey(name)} = ${tomlValue(value)}`);
  return [`[${entry.path.map(tomlKey).join('.')}]`, ...values];
}

/** The entry alone, as a new file would hold it. */
export function renderEntry(profile: ClientProfile, entry: ClientEntry): string {
  return profile.format === 'toml' ? `${tomlLines(entry).join('\n')}\n` : mergeJson('', entry);
}

/** The file's text with the entry in it; the same text if it is there already. Throws JsoncError or RangeError. */
export function mergeEntry(profile: ClientProfile, text: string, entry: ClientEntry): string {
  return profile.format === 'toml' ? setTable(text, entry.path, tomlLines(entry)) : mergeJson(text, entry);
}
