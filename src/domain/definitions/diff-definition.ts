/** What changed between two versions of a definition, by path, with a word on what makes a change dangerous. */

import { canonicalValue } from '../../lib/canonical-json.ts';
import { isObject } from '../../lib/is-object.ts';

export interface DefinitionChange {
  /** `description`, `inputSchema.properties.path.type`; '' for the whole. */
  readonly path: string;
  /** Values before and after; undefined: there was, or is, none. */
  readonly before: unknown;
  readonly after: unknown;
  /** Why to look twice, for people; undefined for what is harmless by itself. */
  readonly danger: string | undefined;
}

const MAX_CHANGES = 200;

/** Changes in the order of the new version, then what is gone. */
export function diffDefinition(before: unknown, after: unknown): readonly DefinitionChange[] {
  const changes: DefinitionChange[] = [];
  const add = (path: string, old: unknown, fresh: unknown): void => {
    if (changes.length < MAX_CHANGES)
      changes.push({ path, before: old, after: fresh, danger: dangerOf(path, old, fresh) });
  };
  const walk = (path: string, old: unknown, fresh: unknown): void => {
    if (changes.length >= MAX_CHANGES || canonicalValue(old) === canonicalValue(fresh)) return;
    if (isObject(old) && isObject(fresh)) {
      for (const key of Object.keys(fresh)) {
        if (Object.hasOwn(old, key)) walk(join(path, key), old[key], fresh[key]);
        else add(join(path, key), undefined, fresh[key]);
      }
      for (const key of Object.keys(old)) if (!Object.hasOwn(fresh, key)) add(join(path, key), old[key], undefined);
    } else add(path, old, fresh);
  };
  walk('', before, after);
  return changes;
}

function join(path: string, key: string): string {
  const step = /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? step : `${path}.${step}`;
}

function dangerOf(path: string, before: unknown, after: unknown): string | undefined {
  if (path === 'annotations') {
    const hints = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
    for (const name of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']) {
      const danger = dangerOf(`annotations.${name}`, hints(before, name), hints(after, name));
      if (danger !== undefined) return danger;
    }
  }
  if (path === 'annotations.readOnlyHint' && before === true && after !== true) return 'is no longer read-only';
  if (path === 'annotations.destructiveHint' && before === false && after !== false) return 'may now destroy';
  if (path === 'annotations.idempotentHint' && before === true && after !== true) return 'may no longer be repeated';
  if (path === 'annotations.openWorldHint' && before === false && after !== false) return 'now reaches outside';
  if (/^inputSchema\.(.*\.)?required$/.test(path)) {
    const old = new Set(Array.isArray(before) ? before : []);
    const added = (Array.isArray(after) ? after : []).filter((name) => !old.has(name));
    return added.length === 0 ? undefined : `now requires ${added.map((name) => JSON.stringify(name)).join(', ')}`;
  }
  if (/^inputSchema\.(.*\.)?properties\.[^.]+$/.test(path)) {
    if (before === undefined) return 'a new argument';
    return after === undefined ? 'an argument is gone' : undefined;
  }
  if (path.startsWith('inputSchema') && /(^|\.)(type|enum|const|additionalProperties)$/.test(path))
    return 'other values are accepted';
  if (path.startsWith('outputSchema') && /(^|\.)(type|required|properties\.[^.]+)$/.test(path))
    return 'answers have another shape';
  return undefined;
}

const PROSE = new Set(['description', 'title', 'examples', '$comment', 'deprecated']);
/** In these, members are names of a schema's own choosing: a property called "title" is no prose. */
const NAMED_SCHEMAS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * True if a call made with the one version in view means the same to a server that has the other: same arguments, same
 * shape of answers, no promise (read-only, not destructive) taken back. What is only read may differ.
 */
export function meansTheSame(before: unknown, after: unknown): boolean {
  if (!isObject(before) || !isObject(after)) return typeof before === typeof after;
  const shape = (value: { readonly [key: string]: unknown }): string =>
    canonicalValue([
      value.name,
      withoutProse(value.inputSchema),
      withoutProse(value.outputSchema),
      withoutProse(value.arguments),
      value.execution,
    ]);
  if (shape(before) !== shape(after)) return false;
  const promises = ({ annotations }: { readonly [key: string]: unknown }): unknown => ({ annotations });
  return !diffDefinition(promises(before), promises(after)).some((change) => change.danger !== undefined);
}

function withoutProse(value: unknown, isNamed = false): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutProse(each));
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNamed || !PROSE.has(key))
      .map(([key, each]) => [
        key,
        key === 'enum' || key === 'const' ? each : withoutProse(each, !isNamed && NAMED_SCHEMAS.has(key)),
      ]),
  );
}
