/** Where problems and warnings are collected, each with its path and its place in the file. */

import type { ConfigProblem } from '../../contracts/config.ts';
import { type JsoncNode, positionAt } from '../../lib/jsonc.ts';

export type Path = readonly (string | number)[];

/** `mcpServers.github.args[0]`; names that are no plain words are quoted: `mcpServers["my.server"]`. */
export function renderPath(path: Path): string {
  let out = '';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (/^[A-Za-z_$][\w$-]{0,79}$/.test(part)) out += out === '' ? part : `.${part}`;
    else out += `[${JSON.stringify(part.length > 80 ? `${part.slice(0, 80)}…` : part)}]`;
  }
  return out;
}

/** The node at a path; where a member stands twice, the last one, as in JSON.parse. */
export function nodeAt(root: JsoncNode, path: Path): JsoncNode | undefined {
  let node: JsoncNode | undefined = root;
  for (const part of path) {
    if (node === undefined) return undefined;
    if (node.type === 'array') node = typeof part === 'number' ? node.elements[part] : undefined;
    else if (node.type === 'object') node = node.members.findLast((member) => member.key === part)?.value;
    else return undefined;
  }
  return node;
}

export interface Report {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** `at` points elsewhere than to what stands at the path: an offset in the text. */
  problem(path: Path, message: string, remedy?: string, at?: number): void;
  warning(path: Path, message: string, remedy?: string, at?: number): void;
  /** Of what stands at the path, 1-based; undefined: it stands in no text. */
  lineOf(path: Path): number | undefined;
  /** No further problem would be listed, so none need be looked for. */
  isFull(): boolean;
  /** Says that the value at this path is not to be relied on, so that further complaints about it would only confuse. */
  silence(path: Path): void;
}

/** More than this helps nobody, and working out positions costs time. */
const MAX_ENTRIES = 100;

/** `root` is undefined where the text could not be read at all. */
export function createReport(text: string, root: JsoncNode | undefined): Report {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const silenced = new Set<string>();
  const entry = (path: Path, message: string, remedy?: string, at?: number): ConfigProblem => {
    const offset = at ?? (root === undefined ? undefined : offsetOf(root, path));
    // Negative: it stands in no text, but in the store.
    const position = offset === undefined || offset < 0 ? undefined : positionAt(text, offset);
    return { path: renderPath(path), line: position?.line, column: position?.column, message, remedy };
  };
  const add = (list: ConfigProblem[], path: Path, message: string, remedy?: string, at?: number): void => {
    if (list.length > MAX_ENTRIES || silenced.has(JSON.stringify(path))) return;
    if (list.length < MAX_ENTRIES) list.push(entry(path, message, remedy, at));
    else list.push(entry([], `there is more; only the first ${MAX_ENTRIES} are listed`, undefined, text.length));
  };
  return {
    problems,
    warnings,
    problem: (path, message, remedy, at) => add(problems, path, message, remedy, at),
    warning: (path, message, remedy, at) => add(warnings, path, message, remedy, at),
    lineOf: (path) => entry(path, '').line,
    isFull: () => problems.length > MAX_ENTRIES,
    silence(path) {
      silenced.add(JSON.stringify(path));
    },
  };
}

/** Simple values are pointed at themselves, objects and lists at their name; what is missing, at what it is missing from. */
function offsetOf(root: JsoncNode, path: Path): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const node = nodeAt(root, path.slice(0, depth));
    if (node === undefined) continue;
    if (node.type === 'scalar') return node.start;
    const parent = nodeAt(root, path.slice(0, depth - 1));
    const member = parent?.type === 'object' ? parent.members.findLast((each) => each.value === node) : undefined;
    return member?.keyStart ?? node.start;
  }
  return root.start;
}
