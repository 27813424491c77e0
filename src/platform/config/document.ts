/** The file on its way to becoming a configuration: reading a part of it against a schema, references resolved. */

import type { z } from 'zod';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { reportIssue } from './describe-issue.ts';
import { nodeAt, type Path, type Report } from './report.ts';
import { type ReferenceScope, resolveReferences } from './resolve-references.ts';

export interface Document {
  readonly root: JsoncNode;
  readonly report: Report;
  readonly scope: Omit<ReferenceScope, 'pasted'>;
  /** Reads a file of environment variables. Undefined where no files may be read. */
  readonly readFile: ((file: string) => string) | undefined;
}

export interface ReadOptions {
  /** References as other programs write them are understood too. */
  readonly pasted?: boolean;
  /** Broken references are only warned about: the part is switched off. */
  readonly off?: boolean;
  /** Fields whose references are left alone. */
  readonly asIs?: (field: string) => boolean;
}

/**
 * The typed value of `node`; no node means all defaults. Everything wrong with its shape is reported, and then read as if
 * it had been left out, so that what the rest means can be judged too. Undefined if nothing of it can be used.
 */
export function readPart<T>(
  document: Document,
  path: Path,
  node: JsoncNode | undefined,
  schema: z.ZodType<T>,
  fields: readonly string[],
  options: ReadOptions = {},
): T | undefined {
  const { report } = document;
  const value = node === undefined ? {} : resolveNode(document, path, node, options);
  // A wrong field is first left out and then, if it is required, made empty: three rounds are enough.
  for (let round = 0; round < 4; round++) {
    let parsed = schema.safeParse(value);
    if (!parsed.success && coerce(parsed.error.issues, value, node)) parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) reportIssue(report, issue, { base: path, node, fields, schema });
    for (const issue of parsed.error.issues) {
      leaveOut(issue, value);
      report.silence([...path, ...wordsOf(issue.path)]);
    }
    report.silence(path);
  }
  return undefined;
}

function wordsOf(path: readonly PropertyKey[]): Path {
  return path.filter((part) => typeof part !== 'symbol');
}

/** Takes out of `value` what the issue is about; list items and what was missing become empty texts instead. */
function leaveOut(issue: z.core.$ZodIssue, value: unknown): void {
  const path = wordsOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const object = follow(value, path);
    if (isIndexable(object)) for (const key of issue.keys) delete object[key];
    return;
  }
  const parent = follow(value, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || !isIndexable(parent)) return;
  if (Array.isArray(parent) || !Object.hasOwn(parent, last)) parent[last] = '';
  else delete parent[last];
}

function follow(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = isIndexable(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return at;
}

/**
 * Where the schema wants a number or a truth value and the file holds a reference whose text is one, puts it in.
 * Returns whether anything changed.
 */
function coerce(issues: readonly z.core.$ZodIssue[], value: unknown, node: JsoncNode | undefined): boolean {
  let changed = false;
  for (const issue of issues) {
    const last = issue.path.at(-1);
    if (issue.code !== 'invalid_type' || node === undefined || last === undefined || typeof last === 'symbol') continue;
    const path = wordsOf(issue.path);
    const written = nodeAt(node, path);
    if (written?.type !== 'scalar' || typeof written.value !== 'string' || !written.value.includes('${')) continue;
    const parent = follow(value, path.slice(0, -1));
    const text = isIndexable(parent) ? parent[last] : undefined;
    if (!isIndexable(parent) || typeof text !== 'string') continue;
    const isNumber = issue.expected === 'int' || issue.expected === 'number';
    if (isNumber && /^-?\d+(\.\d+)?$/.test(text)) parent[last] = Number(text);
    else if (issue.expected === 'boolean' && /^(true|false)$/.test(text)) parent[last] = text === 'true';
    else continue;
    changed = true;
  }
  return changed;
}

function isIndexable(value: unknown): value is { [key: string | number]: unknown } {
  return typeof value === 'object' && value !== null;
}

function resolveNode(document: Document, path: Path, node: JsoncNode, options: ReadOptions): unknown {
  if (node.type === 'array') return node.elements.map((each, i) => resolveNode(document, [...path, i], each, options));
  if (node.type === 'object') {
    const entries = node.members
      // Names are checked elsewhere; this one would change the object instead of naming a member.
      .filter((member) => member.key !== '__proto__')
      .map((member) => {
        const at = [...path, member.key];
        return [member.key, options.asIs?.(member.key) ? null : resolveNode(document, at, member.value, options)];
      });
    return Object.fromEntries(entries);
  }
  return typeof node.value === 'string' ? resolveText(document, path, node.value, options) : node.value;
}

/** One text of the file with its references replaced; faults are reported. */
export function resolveText(document: Document, path: Path, raw: string, options: ReadOptions): string {
  const { text, faults } = resolveReferences(raw, { ...document.scope, pasted: options.pasted ?? false });
  for (const fault of faults) {
    if (fault.harmless || options.off) document.report.warning(path, fault.message, fault.remedy);
    else document.report.problem(path, fault.message, fault.remedy);
  }
  if (faults.some((fault) => !fault.harmless || fault.unfetched)) document.report.silence(path);
  return text;
}
