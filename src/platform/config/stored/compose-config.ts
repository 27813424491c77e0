/** File and stored objects as one configuration. A stored object that is no good is left out and said so; the file never is. */

import type { ConfigProblem, ConfigResult } from '../../../contracts/config.ts';
import type { ConfigKind } from '../../../contracts/config-objects.ts';
import type { StoredObject } from '../../../contracts/objects.ts';
import type { Sealer } from '../../../contracts/sealing.ts';
import type { JsoncNode } from '../../../lib/jsonc.ts';
import { type Path, renderPath } from '../report.ts';
import { type Grafted, graft, type StoredPart } from './graft.ts';
import { guardPart, type StoredGuard } from './guard-part.ts';
import { SERVER_OPTIONS } from './places.ts';
import { openSecrets, UnreadableSecret } from './secrets-within.ts';

/** Reads and checks the file, with what `extend` adds to its tree. */
export type LoadFile = (extend?: (root: JsoncNode) => JsoncNode) => Promise<ConfigResult>;

/** What became of a stored object. */
export interface PartState {
  readonly state: 'in-force' | 'shadowed' | 'broken';
  readonly problems: readonly ConfigProblem[];
}

export interface Composed {
  readonly result: ConfigResult;
  /** By `kind name`. */
  readonly states: ReadonlyMap<string, PartState>;
  /** The file's tree, as it was read; undefined: it could not be. */
  readonly file: JsoncNode | undefined;
}

export const stateKey = (kind: string, name: string): string => `${kind} ${name}`;

interface ComposeDeps {
  readonly load: LoadFile;
  readonly sealer: Sealer;
  readonly guard: StoredGuard;
}

/** `objects` are parts of the configuration, the living only, in the order they were made. */
export async function composeConfig(deps: ComposeDeps, objects: readonly StoredObject[]): Promise<Composed> {
  const states = new Map<string, PartState>();
  const settle = (part: Pick<StoredPart, 'kind' | 'name'>, state: PartState): void => {
    states.set(stateKey(part.kind, part.name), state);
  };
  let parts: readonly StoredPart[] = objects.flatMap((object) => {
    const part = openPart(deps, object);
    if ('part' in part) return [part.part];
    settle({ kind: object.kind as ConfigKind, name: object.name }, { state: 'broken', problems: part.problems });
    return [];
  });
  for (;;) {
    let file: JsoncNode | undefined;
    let grafted: Grafted | undefined;
    const result = await deps.load((root) => {
      file = root;
      grafted = graft(root, parts);
      return grafted.root;
    });
    if (result.ok || parts.length === 0 || grafted === undefined) {
      for (const part of grafted?.shadowed ?? []) settle(part, { state: 'shadowed', problems: [] });
      for (const { part } of grafted?.places ?? []) settle(part, { state: 'in-force', problems: [] });
      return { result, states, file };
    }
    const { places, shadowed } = grafted;
    const blamed = blame(places, result.problems);
    // Whatever does not name its place: the newest has to go, and then the one before, until the file is alone.
    const last = places.at(-1);
    if (blamed.size === 0 && last !== undefined) blamed.set(last.part, result.problems);
    for (const [part, problems] of blamed) settle(part, { state: 'broken', problems });
    for (const part of shadowed) settle(part, { state: 'shadowed', problems: [] });
    parts = parts.filter((part) => !blamed.has(part) && !shadowed.includes(part));
  }
}

function openPart(
  { sealer, guard }: ComposeDeps,
  { kind, name, body }: StoredObject,
): { readonly part: StoredPart } | { readonly problems: readonly ConfigProblem[] } {
  const configKind = kind as ConfigKind;
  try {
    const part = { kind: configKind, name, body: openSecrets(sealer, configKind, name, body) };
    // Not as it is stored: what is sealed may hold references, too.
    const problems = guardPart(part, guard);
    return problems.length > 0 ? { problems } : { part };
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error;
    const message = 'this secret was sealed with another key, or for another object';
    return {
      problems: [{ path: error.message, line: undefined, column: undefined, message, remedy: 'write it again' }],
    };
  }
}

/** What of a rendered path lies below `at`, after `start`; undefined: it is elsewhere. */
function stepsBelow(at: Path, path: string, start: Path): Path | undefined {
  const place = renderPath(at);
  const rest = path.slice(place.length);
  if (!path.startsWith(place) || !/^($|[.[])/.test(rest)) return undefined;
  const steps = rest.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.([^.[]+)/g);
  return [...start, ...Array.from(steps, ([, index, quoted, name]) => stepOf(index, quoted) ?? name ?? '')];
}

function stepOf(index: string | undefined, quoted: string | undefined): string | number | undefined {
  if (index !== undefined) return Number(index);
  return quoted === undefined ? undefined : String(JSON.parse(quoted));
}

/** Which stored parts the problems are about. */
function blame(
  places: Grafted['places'],
  problems: readonly ConfigProblem[],
): Map<StoredPart, readonly ConfigProblem[]> {
  const blamed = new Map<StoredPart, readonly ConfigProblem[]>();
  for (const { part, paths } of places) {
    const own = problems.flatMap((problem) => {
      const within = paths.map((at, i) => stepsBelow(at, problem.path, i === 0 ? [] : [SERVER_OPTIONS.member]));
      const found = within.find((steps) => steps !== undefined);
      return found === undefined ? [] : [{ ...problem, within: found }];
    });
    if (own.length > 0) blamed.set(part, own);
  }
  return blamed;
}
