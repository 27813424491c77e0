/** Loads every tool file of the folder: one that is at fault is left out with the reason, the others are served. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type FileProblem, type HostOptions, isToolFile, pickToolFiles } from './host-words.ts';
import { type LoadedTool, looksLikeTool, readTool } from './read-tool.ts';

const MAX_MESSAGE_CHARS = 400;

export interface LoadedFolder {
  readonly tools: ReadonlyMap<string, LoadedTool>;
  readonly working: readonly string[];
  readonly problems: readonly FileProblem[];
}

export interface LoadDeps extends HostOptions {
  /** Told before each file, so that whoever watches knows which one it was that never came back. */
  readonly onLoading: (file: string) => void;
  /** The file is about to be read. */
  readonly onSeen: (path: string) => void;
  /** The whole error, for the operator. */
  readonly onError: (file: string, error: unknown) => void;
}

/** A file whose top-level await does not end. What it began goes on in this process, so another one has to be started. */
export class LoadTimeout extends Error {
  override readonly name = 'LoadTimeout';
  readonly file: string;
  constructor(file: string, timeoutMs: number) {
    super(`did not finish loading within ${timeoutMs} ms (a top-level await?)`);
    this.file = file;
  }
}

/** Throws LoadTimeout, or what the file system says if the folder itself cannot be read. */
export async function loadTools(deps: LoadDeps): Promise<LoadedFolder> {
  const problems: FileProblem[] = [];
  const found: { readonly file: string; readonly tool: LoadedTool }[] = [];
  const names = readdirSync(deps.folder);
  const files = pickToolFiles(names);
  if (names.filter(isToolFile).length > files.length)
    problems.push({ file: deps.folder, message: `has more than ${files.length} tool files; the rest is left out` });
  for (const file of files) {
    const path = join(deps.folder, file);
    deps.onSeen(path);
    if (deps.skip.includes(file)) continue;
    deps.onLoading(file);
    try {
      for (const tool of await loadFile(path, file, deps.loadTimeoutMs)) found.push({ file, tool });
    } catch (error) {
      if (error instanceof LoadTimeout) throw error;
      problems.push({ file, message: describeError(error) });
      deps.onError(file, error);
    }
  }
  for (const problem of findDuplicates(found)) problems.push(problem);
  const bad = new Set(problems.map((problem) => problem.file));
  return {
    tools: new Map(found.flatMap(({ file, tool }) => (bad.has(file) ? [] : [[tool.name, tool] as const]))),
    working: files.filter((file) => !bad.has(file) && !deps.skip.includes(file)),
    problems,
  };
}

async function loadFile(path: string, file: string, timeoutMs: number): Promise<LoadedTool[]> {
  const limit = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: limit.signal }).then((): never => {
    throw new LoadTimeout(file, timeoutMs);
  });
  late.catch(() => {});
  try {
    const module = (await Promise.race([import(pathToFileURL(path).href), late])) as {
      readonly [name: string]: unknown;
    };
    return readModule(module, file.replace(/\.\w+$/, ''));
  } finally {
    limit.abort();
  }
}

function readModule(module: { readonly [name: string]: unknown }, baseName: string): LoadedTool[] {
  // The same tool may be exported twice, by name and as the default.
  const exported = new Map<unknown, string>();
  for (const [name, value] of Object.entries(module))
    if (looksLikeTool(value) && (!exported.has(value) || name === 'default')) exported.set(value, name);
  if (exported.size === 0) throw new Error('exports no tool: `export default tool({ description, handler, … })`');
  return [...exported].map(([value, name]) =>
    readTool(
      value as { readonly [field: string]: unknown },
      exported.size === 1 || name === 'default' ? baseName : name,
    ),
  );
}

/** Two tools of one name: nobody can say which was meant, so neither is served. */
function findDuplicates(found: readonly { readonly file: string; readonly tool: LoadedTool }[]): FileProblem[] {
  const filesByName = new Map<string, string[]>();
  for (const { file, tool } of found) filesByName.set(tool.name, [...(filesByName.get(tool.name) ?? []), file]);
  const problems: FileProblem[] = [];
  for (const [name, files] of filesByName) {
    if (files.length === 1) continue;
    for (const file of new Set(files)) {
      const others = [...new Set(files)].filter((other) => other !== file);
      const where = others.length === 0 ? 'twice in this file' : `in ${others.join(', ')} too`;
      problems.push({ file, message: `the tool name "${name}" stands ${where}; rename one of them` });
    }
  }
  return problems;
}

function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // A syntax error carries its place only in the first lines of the stack.
  const place =
    error instanceof SyntaxError ? /^(?:file:\/\/)?(\/[^\n]*:\d+)$/m.exec(error.stack ?? '')?.[1] : undefined;
  const line = place === undefined ? '' : ` (line ${place.slice(place.lastIndexOf(':') + 1)})`;
  return `${text.replace(/^Error: /, '').replace(/\s+/g, ' ')}${line}`.slice(0, MAX_MESSAGE_CHARS);
}
