/** Views of the catalog for scripts and searches: what is read of a tool is shared, what a caller sees is laid out once for all who see the same. */

import type { Endpoint } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { SandboxDialect } from '../../contracts/sandbox.ts';
import type { CompiledGrant } from '../../domain/access/compile-grant.ts';
import { renderIndex } from '../../domain/codemode/meta-definition.ts';
import { renderStubs } from '../../domain/codemode/render-stubs.ts';
import { renderHelp, renderSignature } from '../../domain/codemode/render-tool.ts';
import { methodNames, namespaceNames } from '../../domain/codemode/script-names.ts';
import { createSearchView, readEntry, type SearchEntry } from '../../domain/codemode/search-index.ts';
import { readToolFace, type ToolFace } from '../../domain/codemode/tool-face.ts';
import type { Catalog, CatalogItem } from '../../domain/tools/catalog.ts';
import { endpointKey, visibleItems } from '../../domain/tools/resolve.ts';
import { closest } from '../../lib/closest.ts';
import { elementTexts, scanMembers } from '../../lib/json-text.ts';
import { createLru } from '../../lib/lru.ts';
import type { CodeTool, CodeView, SearchWish } from './code-view.ts';
import type { LearntByTenant, LearntShapes } from './learnt-shapes.ts';

/** Views are cheap to make anew; there may be as many as keys. */
const MAX_VIEWS = 128;
const CHARS_PER_TOKEN = 3.6;
const NOTHING_FOUND = 'Nothing found. Try other words, or name a server to see all its tools.';

export interface CodeViews {
  /** `tenant`: whose learnt shapes are shown; undefined: nobody's. */
  viewOf(endpoint: Endpoint, grant: CompiledGrant, tenant?: string): CodeView;
}

/** What is read of a tool once, for everybody. */
interface ReadTool {
  readonly face: ToolFace;
  readonly entry: SearchEntry;
}

interface KnownTool extends ReadTool {
  readonly tool: CodeTool;
}

export function createCodeViews(deps: {
  readonly catalog: () => Catalog;
  readonly dialect: () => SandboxDialect | undefined;
  readonly learnt: LearntByTenant;
}): CodeViews {
  const views = createLru<CodeView>(MAX_VIEWS);
  const read = new WeakMap<CatalogItem, ReadTool>();
  let of: Catalog | undefined;
  let names: ReturnType<typeof nameAll> | undefined;

  const readOnce = (item: CatalogItem, namespace: string, method: string): ReadTool => {
    let known = read.get(item);
    if (known === undefined || known.face.namespace !== namespace || known.face.method !== method) {
      const face = readToolFace(item.exposedText(), namespace, method);
      known = { face, entry: readEntry(face) };
      read.set(item, known);
    }
    return known;
  };

  return {
    viewOf(endpoint, grant, tenant) {
      const catalog = deps.catalog();
      if (catalog !== of || names === undefined) {
        views.clear();
        of = catalog;
        names = nameAll(catalog);
      }
      const key = JSON.stringify([endpointKey(endpoint), grant.signature, tenant]);
      let view = views.get(key);
      if (view === undefined) {
        const known = names;
        view = createCodeView({
          items: visibleItems(catalog, endpoint, 'tools', grant.allows),
          isOwn: endpoint.type === 'server',
          // By all there are, seen or not: a name must not move when a grant does.
          namespaceOf: (serverId) => known.namespaces.get(serverId) ?? serverId,
          methodOf: ({ serverId, name }) => known.methods(serverId).get(name) ?? name,
          readOnce,
          words: () => deps.dialect() ?? 'python',
          learnt: (item) => (tenant === undefined ? undefined : deps.learnt.ofTenant(tenant).shapeOf(item)),
        });
        views.set(key, view, 1);
      }
      return view;
    },
  };
}

function nameAll(catalog: Catalog) {
  const methods = new Map<string, ReadonlyMap<string, string>>();
  return {
    namespaces: namespaceNames([...catalog.servers.keys()]),
    methods(serverId: string): ReadonlyMap<string, string> {
      let known = methods.get(serverId);
      if (known === undefined) {
        known = methodNames((catalog.servers.get(serverId)?.items.tools ?? []).map(({ name }) => name));
        methods.set(serverId, known);
      }
      return known;
    },
  };
}

interface ViewParts {
  readonly items: readonly CatalogItem[];
  /** The endpoint shows the tools of one server under its own names. */
  readonly isOwn: boolean;
  readonly namespaceOf: (serverId: string) => string;
  readonly methodOf: (item: CatalogItem) => string;
  readonly readOnce: (item: CatalogItem, namespace: string, method: string) => ReadTool;
  readonly words: () => SandboxDialect;
  readonly learnt: (item: CatalogItem) => ReturnType<LearntShapes['shapeOf']>;
}

function createCodeView(parts: ViewParts): CodeView {
  const { items, words, learnt } = parts;
  let known: ReadonlyMap<string, ReadonlyMap<string, KnownTool>> | undefined;
  let search: ReturnType<typeof createSearchView<KnownTool>> | undefined;
  let tokens: number | undefined;
  let index: string | undefined;

  const shownName = (item: CatalogItem): string => (parts.isOwn ? item.name : item.exposed);

  const tools = (): ReadonlyMap<string, ReadonlyMap<string, KnownTool>> => {
    if (known !== undefined) return known;
    const all = new Map<string, Map<string, KnownTool>>();
    for (const item of items) {
      const namespace = parts.namespaceOf(item.serverId);
      const method = parts.methodOf(item);
      const { face, entry } = parts.readOnce(item, namespace, method);
      const path = `${namespace}.${method}`;
      const tool: CodeTool = {
        ...{ item, path, shownName: shownName(item) },
        toArguments: (positional, named) => toArguments(face, positional, named),
      };
      const methods = all.get(namespace) ?? new Map<string, KnownTool>();
      methods.set(method, { face, entry, tool });
      all.set(namespace, methods);
    }
    known = all;
    return all;
  };
  const everything = (): KnownTool[] => [...tools().values()].flatMap((methods) => [...methods.values()]);

  const findKnown = (name: string): KnownTool | undefined => {
    const dot = name.indexOf('.');
    const found =
      dot === -1
        ? undefined
        : tools()
            .get(name.slice(0, dot))
            ?.get(name.slice(dot + 1));
    if (found !== undefined) return found;
    const all = everything();
    return (
      all.find(({ tool }) => tool.shownName === name) ??
      all.find(({ tool: { item }, face }) =>
        [
          item.exposed,
          `${item.serverId}/${item.name}`,
          `${item.serverId}.${item.name}`,
          `${face.namespace}.${item.name}`,
        ].includes(name),
      ) ??
      onlyOne(all.filter(({ tool: { item }, face }) => item.name === name || face.method === name))
    );
  };

  const serverNamed = (server: string): ReadonlySet<string> => {
    const namespaces = [...tools().keys()];
    const same = everything().filter(({ tool: { item } }) => item.serverId === server);
    return new Set([...namespaces.filter((name) => name === server), ...same.map(({ face }) => face.namespace)]);
  };

  const line = ({ face, tool: { item } }: KnownTool): string => renderSignature(face, learnt(item), words());

  const help = (name: string): string => {
    const found = findKnown(name);
    if (found !== undefined) return renderHelp(found.face, learnt(found.tool.item), words());
    const near = closest(
      name,
      everything().map(({ tool }) => tool.path),
    );
    return `${name}: no such tool${near === undefined ? '' : `; did you mean ${near}?`}`;
  };

  const find = ({ query, server, limit }: SearchWish): string => {
    const within = server === undefined ? undefined : serverNamed(server);
    if (within?.size === 0) return `${server}: no such server. There are: ${[...tools().keys()].join(', ')}`;
    const keep = within && (({ face }: KnownTool): boolean => within.has(face.namespace));
    if (query === undefined) {
      const all = everything().filter((each) => keep?.(each) ?? true);
      const shown = all.slice(0, within === undefined ? limit : Math.max(limit, all.length)).map(line);
      return [...shown, ...(all.length > shown.length ? [`(${all.length - shown.length} more)`] : [])].join('\n');
    }
    search ??= createSearchView(everything().map((each) => ({ of: each, entry: each.entry })));
    const found = search.search(query, limit, keep).map(({ of: each }) => line(each));
    return found.length === 0 ? NOTHING_FOUND : found.join('\n');
  };

  return {
    count: items.length,
    estimateTokens() {
      tokens ??= Math.ceil(items.reduce((sum, item) => sum + item.exposedText().length, 0) / CHARS_PER_TOKEN);
      return tokens;
    },
    index() {
      index ??= renderIndex([...tools()].map(([namespace, methods]) => ({ namespace, tools: methods.size })));
      return index;
    },
    namespaces: () => new Set(tools().keys()),
    find: (namespace, method) => tools().get(namespace)?.get(method)?.tool,
    findNamed: (name) => findKnown(name)?.tool,
    nearest: (namespace, method) => closest(method, [...(tools().get(namespace)?.keys() ?? [])]),
    search: (wish) => (wish.names.length > 0 ? wish.names.map(help).join('\n\n') : find(wish)),
    stubs(code) {
      const named = [...tools()].filter(([namespace]) => new RegExp(`\\b${namespace}\\s*\\.`).test(code));
      if (named.length === 0) return undefined;
      return renderStubs(
        new Map(named.map(([namespace, methods]) => [namespace, [...methods.values()].map(({ face }) => face)])),
      );
    },
  };
}

const onlyOne = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

/** By the names of the server; what stands in order goes to the parameters in their order; `None` for what may be left out is left out. */
function toArguments({ parameters, method }: ToolFace, positional: JsonText, named: JsonText) {
  const given = elementTexts(positional);
  const members = scanMembers(named).map(
    ({ key, valueStart, valueEnd }) => [key, named.slice(valueStart, valueEnd)] as const,
  );
  // The one argument of a JavaScript call is the object itself.
  const inOrder = given.length === 1 && given[0] === named ? [] : given;
  if (inOrder.length > parameters.length)
    return { fault: `${method} takes ${parameters.length} arguments, and ${inOrder.length} were given` };
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const byWire = new Map(parameters.map((parameter) => [parameter.wire, parameter]));
  const all = new Map<string, JsonText>();
  for (const [i, value] of inOrder.entries()) all.set(parameters[i]?.wire ?? '', value);
  for (const [key, value] of members) {
    const parameter = byName.get(key) ?? byWire.get(key);
    const wire = parameter?.wire ?? key;
    if (all.has(wire)) return { fault: `${method} got several values for ${key}` };
    if (value === 'null' && parameter?.optional === true && !takesNone(parameter.shape)) continue;
    all.set(wire, value);
  }
  return { text: `{${[...all].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}` };
}

function takesNone(shape: ToolFace['parameters'][number]['shape']): boolean {
  if (shape.type === 'union') return shape.of.some(takesNone);
  return shape.type === 'none' || shape.type === 'any';
}
