/** What a tool is said to do: its annotations as MCP means them when they are missing, and what the operator knows better. */

import type { AnnotationOverride, ToolClass } from '../../contracts/policy.ts';
import { isObject } from '../../lib/is-object.ts';
import { type AccessPattern, fitsPattern, parsePattern } from '../access/compile-grant.ts';

export interface ToolHints {
  /** The server, or the operator, said something about read-only or destructive at all. */
  readonly annotated: boolean;
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
  readonly openWorld: boolean;
}

/** `definition` is the tool as its server wrote it, JSON. */
export type HintsOf = (serverId: string, name: string, definition: string) => ToolHints;

function annotationsOf(definition: string): { readonly [name: string]: unknown } {
  const value: unknown = definition.includes('"annotations"') ? JSON.parse(definition) : undefined;
  return isObject(value) && isObject(value.annotations) ? value.annotations : {};
}

/** Where the specification gives a default, the worse one: not read-only, destructive, not idempotent, open world. */
export function createHintsOf(overrides: readonly AnnotationOverride[]): HintsOf {
  const compiled = overrides.map((override) => ({ override, patterns: override.targets.map(parsePattern) }));
  return (serverId, name, definition) => {
    const said = annotationsOf(definition);
    const fits = (patterns: readonly AccessPattern[]) => patterns.some((p) => fitsPattern(p, 'tool', serverId, name));
    const known = compiled.filter(({ patterns }) => fits(patterns)).map(({ override }) => override);
    const hint = (field: 'readOnly' | 'destructive' | 'idempotent' | 'openWorld'): boolean | undefined => {
      const told = known.findLast((override) => override[field] !== undefined)?.[field];
      const own = said[`${field}Hint`];
      return told ?? (typeof own === 'boolean' ? own : undefined);
    };
    const readOnly = hint('readOnly') ?? false;
    return {
      annotated: hint('readOnly') !== undefined || hint('destructive') !== undefined,
      readOnly,
      destructive: !readOnly && (hint('destructive') ?? true),
      idempotent: readOnly || (hint('idempotent') ?? false),
      openWorld: hint('openWorld') ?? true,
    };
  };
}

/** Which default speaks for the tool. */
export function classOf(hints: ToolHints): ToolClass {
  if (hints.readOnly) return 'readOnly';
  if (!hints.annotated) return 'unannotated';
  return hints.destructive ? 'destructive' : 'write';
}
