/** Sections that say something of tools by pattern: patterns taken apart and checked, one message per wrong one. */

import type { z } from 'zod';
import type { ToolRule } from '../../contracts/config.ts';
import { checkPattern } from './check-pattern.ts';
import { type Document, readPart } from './document.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path } from './report.ts';

/** `server/name`, `server__name`, or a server alone, which stands for all its tools. Faults are reported. */
export function readToolRules<T>(
  { report }: Document,
  path: Path,
  rules: { readonly [pattern: string]: T },
  known: readonly KnownServer[],
): readonly ToolRule<T>[] {
  return Object.entries(rules).map(([source, value]) => {
    const at = [...path, source];
    const bare = source.replace(/^tool:/, '');
    if (/^(prompt|resource):/.test(source)) report.problem(at, 'names no tool', 'write server/name');
    else checkPattern(report, at, source, known);
    const match = /\/|__/.exec(bare);
    if (match === null) return { source, server: bare, tool: '*', value };
    return { source, server: bare.slice(0, match.index), tool: bare.slice(match.index + match[0].length), value };
  });
}

/** A section whose `tools` are such rules; undefined if it is not there. */
export function readRuled<T, R extends object>(
  document: Document,
  name: string,
  schema: z.ZodType<{ readonly tools: { readonly [pattern: string]: T } } & R> & { readonly shape: object },
  known: readonly KnownServer[],
) {
  const node = nodeAt(document.root, [name]);
  if (node === undefined) return undefined;
  const section = readPart(document, [name], node, schema, Object.keys(schema.shape));
  return section && { ...section, tools: readToolRules<T>(document, [name, 'tools'], section.tools, known) };
}
