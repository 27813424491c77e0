/** The modes in which tools are shown, and the gateway's own tools in them: one for a configuration. */

import type { Call, Endpoint } from '../../contracts/call.ts';
import {
  type CodeModeConfig,
  META_SERVER,
  type MetaToolName,
  type PlainMode,
  type ShownMode,
} from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { SandboxDialect } from '../../contracts/sandbox.ts';
import {
  type AccessPattern,
  type CompiledGrant,
  fitsPattern,
  parsePattern,
} from '../../domain/access/compile-grant.ts';
import { metaDefinition } from '../../domain/codemode/meta-definition.ts';
import { decideShownMode } from '../../domain/models/decide-tool-mode.ts';
import type { Catalog, CatalogItem } from '../../domain/tools/catalog.ts';
import { resolveNamed, visibleItems } from '../../domain/tools/resolve.ts';
import { callerOf, type GrantOf } from '../grants.ts';
import { type Aim, type AimMeta, aimInner, isMetaName } from './aim.ts';
import type { CodeView } from './code-view.ts';
import type { CodeViews } from './code-views.ts';
import { tenantOf } from './learnt-shapes.ts';

const TOOLS_OF: { readonly [mode in Exclude<PlainMode, 'classic'>]: readonly MetaToolName[] } = {
  search: ['search_tools', 'call_tool'],
  code: ['search_tools', 'run_code'],
};

export interface CodeMode {
  modeOf(call: Call): PlainMode;
  /** What such a wish comes down to for this caller. */
  settle(wish: ShownMode, endpoint: Endpoint, grant: CompiledGrant): PlainMode;
  /** What is shown of the tools in that mode. */
  items(endpoint: Endpoint, grant: CompiledGrant, mode: PlainMode): readonly CatalogItem[];
  readonly aimMeta: AimMeta;
  /** What scripts and searches of a call see. */
  viewOf(call: Call): CodeView;
}

export interface CodeModeDeps {
  readonly catalog: () => Catalog;
  readonly grantOf: GrantOf;
  readonly views: CodeViews;
  readonly config: CodeModeConfig;
  readonly dialect: () => SandboxDialect | undefined;
}

export function createCodeMode(deps: CodeModeDeps): CodeMode {
  const { catalog, config, dialect } = deps;

  /** A server's own endpoint shows what the server shows, unless the request itself asks for something else. */
  const wishOf = ({ endpoint, narrowing, facts }: Parameters<AimMeta>[0]): ShownMode => {
    const isOwn = endpoint.type === 'server';
    const verdict = decideShownMode({
      ...{ header: narrowing.mode, toolset: toolsetMode(catalog(), endpoint) },
      ...{ key: isOwn ? undefined : facts.caller?.grant.toolMode, configured: isOwn ? 'classic' : config.mode },
    });
    if (verdict.type === 'refused')
      throw new GatewayError('invalid_request', `x-portcullis-tool-mode: ${verdict.reason}`);
    return verdict.mode;
  };
  const pinned = config.pinned.map(parsePattern);

  const isPinned = ({ serverId, name }: CatalogItem): boolean =>
    pinned.some((pattern: AccessPattern) => fitsPattern(pattern, 'tool', serverId, name));

  /** A server may have tools of the same names at an endpoint of its own; then those are what is meant. */
  const isFree = (endpoint: Endpoint, mode: 'search' | 'code'): boolean =>
    TOOLS_OF[mode].every((name) => resolveNamed(catalog(), endpoint, 'tools', name, () => true) === undefined);

  const settle = (wish: ShownMode, endpoint: Endpoint, grant: CompiledGrant): PlainMode => {
    if (wish === 'classic') return 'classic';
    if (wish === 'auto' && deps.views.viewOf(endpoint, grant).estimateTokens() <= config.autoTokens) return 'classic';
    const mode = wish === 'search' || dialect() === undefined ? 'search' : 'code';
    return isFree(endpoint, mode) ? mode : 'classic';
  };

  const define = (name: MetaToolName, index: string): CatalogItem => {
    const text = metaDefinition(name, dialect() ?? 'python', index);
    return {
      ...{ serverId: META_SERVER, name, exposed: name, ownText: text, exposedText: () => text, matches: undefined },
      tool: { name, text, readOnly: name === 'search_tools', idempotent: name === 'search_tools', headerParams: [] },
    };
  };
  /** By which calls are judged: the same whatever its caller sees. */
  const plain = new Map<string, CatalogItem>();
  const plainItem = (name: MetaToolName): CatalogItem => {
    const key = `${name} ${dialect() ?? ''}`;
    const item = plain.get(key) ?? define(name, '');
    plain.set(key, item);
    return item;
  };

  /** Whether the gateway's own tools are there for such a call, and which. */
  const has = (call: Parameters<AimMeta>[0], name: MetaToolName, grant: CompiledGrant): boolean => {
    switch (call.surface) {
      // No script within a script.
      case 'code':
        return false;
      // What a model suggested with them at hand is carried out by whoever may.
      case 'execute':
      case 'agent':
      case 'models':
        return name !== 'run_code' || dialect() !== undefined;
      case 'mcp': {
        const wish = wishOf(call);
        if (wish === 'classic') return false;
        // What `auto` comes down to changes with the catalog, under the feet of a client that has listed before.
        const mode = settle(wish === 'auto' ? 'code' : wish, call.endpoint, grant);
        return mode !== 'classic' && TOOLS_OF[mode].includes(name);
      }
    }
  };

  const aimMeta: AimMeta = (call, name, args, grant): Aim | undefined => {
    if (!isMetaName(name) || !has(call, name, grant)) return undefined;
    if (name === 'call_tool')
      return aimInner(args ?? '{}', (inner) => deps.views.viewOf(call.endpoint, grant).findNamed(inner)?.item);
    return { item: plainItem(name), meta: name, arguments: undefined };
  };

  return {
    modeOf(call) {
      const wish = wishOf(call);
      if (wish === 'classic') return 'classic';
      return settle(wish, call.endpoint, deps.grantOf(callerOf(call), call.narrowing, call.endpoint));
    },
    settle,
    items(endpoint, grant, mode) {
      const visible = visibleItems(catalog(), endpoint, 'tools', grant.allows);
      if (mode === 'classic' || visible.length === 0) return visible;
      const index = deps.views.viewOf(endpoint, grant).index();
      return [...TOOLS_OF[mode].map((name) => define(name, index)), ...visible.filter(isPinned)];
    },
    aimMeta,
    viewOf: (call) =>
      deps.views.viewOf(call.endpoint, deps.grantOf(callerOf(call), call.narrowing, call.endpoint), tenantOf(call)),
  };
}

/** What the toolset of an endpoint says of it. */
export function toolsetMode(catalog: Catalog, endpoint: Endpoint): ShownMode | undefined {
  return endpoint.type === 'toolset' ? catalog.toolsets.get(endpoint.toolset)?.config.mode : undefined;
}
