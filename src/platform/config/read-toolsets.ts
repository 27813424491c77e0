/** The toolsets of a configuration: entries taken apart, servers checked, and no two names that could ever be the same. */

import { z } from 'zod';
import type { ToolsetConfig, ToolsetEntry } from '../../contracts/config.ts';
import { closest } from '../../lib/closest.ts';
import { isObject } from '../../lib/is-object.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path, renderPath } from './report.ts';
import { Toolset, ToolsetPrompt, ToolsetResource, ToolsetTool } from './schema.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
/** Gemini wants a letter or `_` in front, Anthropic, OpenAI and Bedrock nothing beyond these characters. */
const OWN_NAME = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;
/** Names of the old transport's doors, which stand in the same place of the URL. */
const TAKEN = ['sse', 'messages'];

const LISTS = [
  { list: 'tools', kind: 'tool', schema: ToolsetTool },
  { list: 'prompts', kind: 'prompt', schema: ToolsetPrompt },
  { list: 'resources', kind: 'resource', schema: ToolsetResource },
] as const;
type ListRow = (typeof LISTS)[number];

/** Entries are read one by one, so that a message speaks of the one that is wrong. */
const Outline = Toolset.extend({
  tools: z.array(z.unknown()).default([]),
  prompts: z.array(z.unknown()).default([]),
  resources: z.array(z.unknown()).default([]),
});

interface Placed {
  readonly entry: ToolsetEntry;
  readonly path: Path;
}

export function readToolsets(document: Document, known: readonly KnownServer[]): readonly ToolsetConfig[] {
  const { root, report } = document;
  const section = nodeAt(root, ['toolsets']);
  if (section === undefined) return [];
  if (section.type !== 'object') {
    report.problem(['toolsets'], `expected an object {…} with one entry per toolset, got ${describeKind(section)}`);
    return [];
  }
  return section.members.flatMap(({ key: name, keyStart, value: node }) => {
    const path = ['toolsets', name];
    if (!NAME.test(name) || TAKEN.includes(name))
      report.problem(
        path,
        TAKEN.includes(name)
          ? 'this name is taken by the old transport'
          : 'expected a name of letters, digits, "_" and "-", at most 64',
        'choose another name; it stands in the URL',
        keyStart,
      );
    const toolset = readToolset(document, path, name, node, known);
    return toolset === undefined ? [] : [toolset];
  });
}

function readToolset(
  document: Document,
  path: Path,
  name: string,
  node: JsoncNode,
  known: readonly KnownServer[],
): ToolsetConfig | undefined {
  const outline = readPart(document, path, node, Outline, Object.keys(Toolset.shape));
  if (outline === undefined) return undefined;
  const read = (row: ListRow): ToolsetEntry[] => {
    const placed = outline[row.list].flatMap((value, i) => {
      const at = [...path, row.list, i];
      const entry = readEntry(document, at, row, value, nodeAt(node, [row.list, i]));
      return entry !== undefined && checkEntry(document, at, row, entry, known) ? [{ entry, path: at }] : [];
    });
    checkCollisions(document, row, placed);
    return placed.map(({ entry }) => entry);
  };
  const [tools = [], prompts = [], resources = []] = LISTS.map(read);
  const { description, instructions, mode } = outline;
  if (tools.length + prompts.length + resources.length === 0)
    document.report.warning(path, 'holds nothing', 'add patterns, e.g. "tools": ["github/*"]');
  return { name, description, instructions, ...(mode !== undefined && { mode }), tools, prompts, resources };
}

function readEntry(
  document: Document,
  path: Path,
  { kind, schema }: ListRow,
  value: unknown,
  node: JsoncNode | undefined,
): ToolsetEntry | undefined {
  if (typeof value === 'string') return { source: value, ...takeApart(value), own: {} };
  if (!isObject(value)) {
    const got = node === undefined ? 'nothing' : describeKind(node);
    document.report.problem(path, `expected "server/name" or { "${kind}": "server/name", … }, got ${got}`);
    return undefined;
  }
  const read = readPart<{ readonly [field: string]: string | undefined }>(
    document,
    path,
    node,
    schema as z.ZodType<{ readonly [field: string]: string | undefined }>,
    Object.keys(schema.shape),
  );
  const source = read?.[kind];
  if (read === undefined || source === undefined || source === '') return undefined;
  const { name, title, description } = read;
  return { source, ...takeApart(source), own: { name, title, description } };
}

/** `server/name`, `server__name`, or a server alone, which stands for all it has. */
function takeApart(source: string): { readonly server: string; readonly name: string } {
  const match = /\/|__/.exec(source);
  if (match === null) return { server: source, name: '*' };
  return { server: source.slice(0, match.index), name: source.slice(match.index + match[0].length) };
}

function checkEntry(
  { report }: Document,
  path: Path,
  { kind }: ListRow,
  { source, server, name, own }: ToolsetEntry,
  known: readonly KnownServer[],
): boolean {
  const ids = known.map(({ id }) => id);
  if (server === '' || name === '' || /[\x00-\x1f\x7f]/.test(source)) {
    report.problem(path, `expected "server/name", got ${JSON.stringify(source)}`, 'write e.g. "github/*"');
    return false;
  }
  if (!server.includes('*') && !ids.includes(server)) {
    const near = known.find((each) => each.name === server)?.id ?? closest(server, ids);
    const remedy = near === undefined ? 'write the id of a server in mcpServers' : `did you mean "${near}"?`;
    report.problem(path, `there is no server with the id "${server}"`, remedy);
    return false;
  }
  const changes = Object.values(own).some((each) => each !== undefined);
  if (changes && (source.includes('*') || !/\/|__/.test(source))) {
    report.problem(path, `an entry with words of its own names one ${kind}`, 'write server/name without "*"');
    return false;
  }
  return own.name === undefined || kind === 'resource' || checkName({ path, name: own.name, report, source, ids });
}

/** What every model API takes; and no name that a server could bring up itself, now or later. */
function checkName(parts: {
  readonly report: Document['report'];
  readonly path: Path;
  readonly name: string;
  readonly source: string;
  readonly ids: readonly string[];
}): boolean {
  const { report, path, name, source, ids } = parts;
  if (!OWN_NAME.test(name)) {
    const expected = 'expected letters, digits, "_" and "-", no digit or "-" in front, at most 64';
    report.problem([...path, 'name'], expected, 'model APIs take no other');
    return false;
  }
  const owner = ids.find((id) => name.startsWith(`${id}__`));
  if (owner === undefined || name === source.replace('/', '__')) return true;
  report.problem(
    [...path, 'name'],
    `begins like the names of server "${owner}", which could have a tool of this name`,
    'choose a name without that beginning',
  );
  return false;
}

function checkCollisions({ report }: Document, { kind }: ListRow, placed: readonly Placed[]): void {
  const names = new Map<string, Path>();
  for (const { entry, path } of placed) {
    if (entry.source.includes('*')) continue;
    const own = kind === 'resource' ? undefined : entry.own.name;
    const shown = own ?? `${entry.server}__${entry.name}`;
    const at = own === undefined ? path : [...path, 'name'];
    const other = names.get(shown);
    if (other === undefined) names.set(shown, at);
    else
      report.problem(
        at,
        `has the same name as ${renderPath(other)}: ${shown}`,
        kind === 'resource' ? 'take one of them out' : 'give one of them another "name"',
      );
  }
}
