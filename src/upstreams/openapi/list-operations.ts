/** The operations of a document that are wanted, each with a name that is readable and stays the same. */

import { createHash } from 'node:crypto';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import { DocumentError, UnsupportedError } from './document-error.ts';
import type { References } from './references.ts';

/** More tools than this help no model; filters choose. */
export const MAX_OPERATIONS = 2_000;
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;
const MAX_NAME_CHARS = 64;
const HASH_CHARS = 8;

export interface Operation {
  /** Name of the tool: `[a-zA-Z0-9_-]`, at most 64 characters. */
  readonly name: string;
  readonly method: (typeof METHODS)[number];
  /** With its `{parameters}`. */
  readonly path: string;
  readonly value: JsonObject;
  /** The path item around it. */
  readonly item: JsonObject;
}

export interface OperationFilter {
  /** `operationId`, `tag:NAME`, `/path` or `METHOD /path`, with `*`; empty: all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Paths in the order of the document, `get` first. `onFault` hears of paths that cannot be read and of patterns that fit nothing. */
export function listOperations(
  root: JsonObject,
  references: References,
  filter: OperationFilter,
  onFault: (fault: string) => void,
): Operation[] {
  const all = nameOperations(findOperations(root, references, onFault));
  const used = new Set<string>();
  const fits =
    (operation: Operation) =>
    (pattern: string): boolean => {
      const fit = matchesOperation(pattern, operation);
      if (fit) used.add(pattern);
      return fit;
    };
  const wanted = all.filter((operation) => {
    // Every pattern is tried, so that one is not called useless because another came first.
    const included = filter.include.filter(fits(operation)).length > 0 || filter.include.length === 0;
    const excluded = filter.exclude.filter(fits(operation)).length > 0;
    return included && !excluded;
  });
  for (const pattern of [...filter.include, ...filter.exclude])
    if (!used.has(pattern)) onFault(`no operation fits the pattern ${JSON.stringify(pattern)}`);
  if (wanted.length > MAX_OPERATIONS)
    throw new DocumentError(
      `${wanted.length} operations are more than ${MAX_OPERATIONS}; choose with "operations": { "include": […] }`,
    );
  return wanted;
}

type Unnamed = Omit<Operation, 'name'>;

function findOperations(root: JsonObject, references: References, onFault: (fault: string) => void): Unnamed[] {
  const found: Unnamed[] = [];
  for (const [path, given] of Object.entries(isObject(root.paths) ? root.paths : {})) {
    if (!path.startsWith('/')) continue;
    try {
      const item = references.follow(given);
      for (const method of METHODS) {
        const value = item?.[method];
        if (item !== undefined && isObject(value)) found.push({ method, path, value, item });
      }
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      onFault(`${path}: ${error.message}`);
    }
  }
  return found;
}

/**
 * Named before anything is filtered, so that a filter never changes a name. Operations whose names would be the same all
 * get a hash of what only they have; so does a name that had to be cut.
 */
function nameOperations(operations: readonly Unnamed[]): Operation[] {
  const plain = operations.map((operation) => plainName(operation));
  const counts = new Map<string, number>();
  for (const name of plain) counts.set(name, (counts.get(name) ?? 0) + 1);
  return operations.map((operation, at) => {
    const name = plain[at] ?? '';
    if (counts.get(name) === 1 && name.length <= MAX_NAME_CHARS) return { ...operation, name };
    const own = `${operation.method} ${operation.path}`;
    const hash = createHash('sha256').update(own).digest('hex').slice(0, HASH_CHARS);
    return { ...operation, name: `${name.slice(0, MAX_NAME_CHARS - HASH_CHARS - 1)}_${hash}` };
  });
}

function plainName({ value, method, path }: Unnamed): string {
  const id = typeof value.operationId === 'string' ? clean(value.operationId) : '';
  return id !== '' ? id : clean(`${method}${path.replaceAll(/[{}]/g, '')}`);
}

function clean(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]+/g, '_').replace(/^_+|_+$/g, '');
}

function matchesOperation(pattern: string, { name, method, path, value }: Operation): boolean {
  if (pattern.startsWith('tag:')) {
    const tags: readonly unknown[] = Array.isArray(value.tags) ? value.tags : [];
    return tags.some((tag) => typeof tag === 'string' && matchesWildcard(pattern.slice('tag:'.length).trim(), tag));
  }
  if (pattern.startsWith('/')) return matchesWildcard(pattern, path);
  const [, verb, where] = /^(\S+)\s+(\/.*|\*)$/.exec(pattern) ?? [];
  if (verb !== undefined && where !== undefined)
    return matchesWildcard(verb.toUpperCase(), method.toUpperCase()) && matchesWildcard(where, path);
  return (
    matchesWildcard(pattern, name) ||
    (typeof value.operationId === 'string' && matchesWildcard(pattern, value.operationId))
  );
}
