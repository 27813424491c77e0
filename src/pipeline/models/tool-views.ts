/** The tools that go along with requests to models: made once for each view of a catalog, and shared by all who have it. */

import type { Endpoint } from '../../contracts/call.ts';
import type { PlainMode } from '../../contracts/codemode.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { InjectedTool, InjectedTools } from '../../contracts/models.ts';
import type { CompiledGrant } from '../../domain/access/compile-grant.ts';
import type { Catalog, CatalogItem } from '../../domain/tools/catalog.ts';
import { injectableTool } from '../../domain/tools/injectable-tool.ts';
import { endpointKey, visibleItems } from '../../domain/tools/resolve.ts';
import { createLru } from '../../lib/lru.ts';
import type { CodeMode } from '../codemode/code-mode.ts';

/** Of lists of tools; the tools themselves are shared between them. */
const MAX_VIEW_BYTES = 8 * 1024 * 1024;
/** Of what dialects made of them. Room for 2,000 real tools (4.5 MB) in every dialect. */
const MAX_FRAGMENT_BYTES = 64 * 1024 * 1024;
const BYTES_PER_TOOL = 48;
const BYTES_PER_VIEW = 512;

export interface ToolView {
  readonly injected: InjectedTools;
  /** Names left out since the request has its own of that name, and those that no model API takes. */
  readonly leftOut: readonly string[];
}

/** By name: a request brings fewer tools than a view has. */
interface KnownView extends ToolView {
  readonly names: ReadonlySet<string>;
}

export interface ToolViews {
  /** The same object for equal views, until the catalog changes. Undefined: nothing to add, and nothing left out. */
  viewOf(
    endpoint: Endpoint,
    grant: CompiledGrant,
    ownNames: ReadonlySet<string>,
    mode?: PlainMode,
  ): ToolView | undefined;
}

export function createToolViews(deps: {
  readonly catalog: () => Catalog;
  /** How tools are shown; undefined: all of them. */
  readonly codeMode?: Pick<CodeMode, 'items'> | undefined;
}): ToolViews {
  const parsed = new WeakMap<CatalogItem, { readonly tool: InjectedTool | undefined }>();
  const views = createLru<KnownView>(MAX_VIEW_BYTES);
  const fragments = createLru<JsonText>(MAX_FRAGMENT_BYTES);
  let of: Catalog | undefined;
  let made = 0;

  const toolOf = (item: CatalogItem): InjectedTool | undefined => {
    let known = parsed.get(item);
    if (known === undefined) {
      known = { tool: injectableTool(item) };
      parsed.set(item, known);
    }
    return known.tool;
  };

  const shared = (tools: readonly InjectedTool[]): InjectedTools => {
    const id = ++made;
    return {
      tools,
      fragment(dialect, render) {
        const key = `${id} ${dialect}`;
        let text = fragments.get(key);
        if (text === undefined) {
          text = render(tools);
          fragments.set(key, text, 2 * (text.length + key.length));
        }
        return text;
      },
    };
  };

  /** A view, and the same one without some names. */
  const find = (key: string, make: () => ToolView): KnownView => {
    let view = views.get(key);
    if (view === undefined) {
      const plain = make();
      view = { ...plain, names: new Set(plain.injected.tools.map(({ name }) => name)) };
      const items = view.injected.tools.length + view.leftOut.length;
      views.set(key, view, BYTES_PER_VIEW + BYTES_PER_TOOL * items + 2 * key.length);
    }
    return view;
  };

  const lay = (catalog: Catalog, endpoint: Endpoint, grant: CompiledGrant, mode: PlainMode): ToolView => {
    const items = deps.codeMode?.items(endpoint, grant, mode) ?? visibleItems(catalog, endpoint, 'tools', grant.allows);
    const tools = items.flatMap((item) => toolOf(item) ?? []);
    const leftOut = items.filter((item) => toolOf(item) === undefined).map(({ exposed }) => exposed);
    return { injected: shared(tools), leftOut };
  };

  const without = ({ injected, leftOut }: ToolView, names: readonly string[]): ToolView => ({
    injected: shared(injected.tools.filter(({ name }) => !names.includes(name))),
    leftOut: [...names, ...leftOut],
  });

  return {
    viewOf(endpoint, grant, ownNames, mode = 'classic') {
      const catalog = deps.catalog();
      if (catalog !== of) {
        views.clear();
        fragments.clear();
        of = catalog;
      }
      const key = JSON.stringify([endpointKey(endpoint), grant.signature, mode]);
      let view = find(key, () => lay(catalog, endpoint, grant, mode));
      if (ownNames.size > 0) {
        const whole = view;
        const clashing = [...ownNames].filter((name) => whole.names.has(name)).sort();
        if (clashing.length > 0) view = find(JSON.stringify([key, clashing]), () => without(whole, clashing));
      }
      return view.injected.tools.length === 0 && view.leftOut.length === 0 ? undefined : view;
    },
  };
}
