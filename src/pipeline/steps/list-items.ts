/** Last step of the four lists: the caller's view, ready-made and shared between callers who see the same. */

import type { Call, McpOutcome } from '../../contracts/call.ts';
import type { PlainMode } from '../../contracts/codemode.ts';
import type { ConnectionGate } from '../../contracts/connections.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { CacheHint } from '../../contracts/upstream.ts';
import type { CompiledGrant } from '../../domain/access/compile-grant.ts';
import type { Catalog, ListKind } from '../../domain/tools/catalog.ts';
import { takePage } from '../../domain/tools/page.ts';
import { endpointKey, endpointServers, visibleItems } from '../../domain/tools/resolve.ts';
import { toolForEra } from '../../domain/tools/tool-for-era.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';
import { createLru } from '../../lib/lru.ts';
import type { CodeMode } from '../codemode/code-mode.ts';
import type { LastStep } from '../compile.ts';
import { exchangeAhead } from '../connections/exchange-for-call.ts';
import { callerOf, type GrantOf, userOf } from '../grants.ts';

/** Of ready answers, with what edges make of them. Room for 2,000 real tools (4.5 MB, some of it beyond ASCII) in both eras. */
const MAX_CACHED_BYTES = 48 * 1024 * 1024;

const LIST_OF = {
  'tools.list': 'tools',
  'prompts.list': 'prompts',
  'resources.list': 'resources',
  'resources.templates.list': 'templates',
} as const;
const MEMBER_OF = {
  tools: 'tools',
  prompts: 'prompts',
  resources: 'resources',
  templates: 'resourceTemplates',
} as const;

const CAPABILITY_OF = { tools: 'tools', prompts: 'prompts', resources: 'resources', templates: 'resources' } as const;

/** Of our own in `_meta` of a tool. */
const MARK_KEY = 'portcullis.dev/connection';

const withMark = (text: JsonText, mark: JsonText): JsonText =>
  withMembers(text, { _meta: withMembers(memberText(text, '_meta') ?? '{}', { [MARK_KEY]: mark }) });

/** The shortest life among the contributors, nothing if any of them gave none; never shared, since views differ by key. */
function mergedTtlMs(catalog: Catalog, call: Call, list: ListKind, grant: CompiledGrant): number {
  let ttlMs = Number.POSITIVE_INFINITY;
  for (const server of endpointServers(catalog, call.endpoint)) {
    if (!grant.reaches(server.serverId)) continue;
    // A server without such a list contributes nothing that could change.
    if (server.offer !== undefined && server.offer.capabilities[CAPABILITY_OF[list]] === undefined) continue;
    const hint: CacheHint | undefined = server.offer?.cache[list];
    ttlMs = Math.min(ttlMs, hint?.ttlMs ?? 0);
  }
  return Number.isFinite(ttlMs) ? ttlMs : 0;
}

export interface ListItemsDeps {
  readonly grantOf: GrantOf;
  readonly catalog: () => Catalog;
  readonly pageItems: number;
  /** Tools of these servers are marked for callers who could not call them yet. */
  readonly perUser?: ReadonlySet<string>;
  readonly connections?: Pick<ConnectionGate, 'isConnected' | 'exchanges'> | undefined;
  /** How tools are shown; undefined: all of them. */
  readonly codeMode?: Pick<CodeMode, 'modeOf' | 'items'> | undefined;
}

export function createListItems(deps: ListItemsDeps): LastStep {
  const outcomes = createLru<McpOutcome>(MAX_CACHED_BYTES);
  let of: Catalog | undefined;

  /** By server: what is missing until this caller can call it. */
  const marksOf = (
    catalog: Catalog,
    call: Call,
    list: ListKind,
    grant: CompiledGrant,
  ): ReadonlyMap<string, JsonText> | undefined => {
    const { perUser, connections } = deps;
    if (list !== 'tools' || connections === undefined || perUser === undefined || perUser.size === 0) return undefined;
    const user = userOf(callerOf(call));
    const marks = new Map<string, JsonText>();
    for (const { serverId } of endpointServers(catalog, call.endpoint)) {
      if (!perUser.has(serverId) || !grant.reaches(serverId)) continue;
      if (user === undefined) marks.set(serverId, '{"state":"user_required"}');
      else if (
        !connections.isConnected(serverId, user) &&
        !exchangeAhead(connections, call, { serverId, userId: user })
      )
        marks.set(serverId, '{"state":"connection_required"}');
    }
    return marks;
  };

  const render = (
    catalog: Catalog,
    call: Call,
    list: ListKind,
    grant: CompiledGrant,
    cursor: string | undefined,
    mode: PlainMode,
    marks: ReadonlyMap<string, JsonText> | undefined,
  ): string => {
    const { era } = call.peer;
    const visible =
      mode === 'classic' || deps.codeMode === undefined
        ? visibleItems(catalog, call.endpoint, list, grant.allows)
        : deps.codeMode.items(call.endpoint, grant, mode);
    // A client of 2026-07-28 has to drop such a tool; a server up to 2025-11-25 may well have one.
    const items = era === 'modern' ? visible.filter(({ tool }) => tool?.headersInvalid !== true) : visible;
    const page = takePage(list, items, cursor, deps.pageItems, call.endpoint.type === 'all');
    if (page === undefined) throw new GatewayError('invalid_cursor', 'start again without a cursor');
    const own = call.endpoint.type === 'server';
    const texts = page.items.map((item) => {
      const text = own ? item.ownText : item.exposedText();
      if (list !== 'tools') return text;
      const mark = marks?.get(item.serverId);
      const shown = toolForEra(text, era);
      return mark === undefined ? shown : withMark(shown, mark);
    });
    const next = page.nextCursor === undefined ? '' : `,"nextCursor":${JSON.stringify(page.nextCursor)}`;
    const hints = era === 'modern' ? `,"ttlMs":${mergedTtlMs(catalog, call, list, grant)},"cacheScope":"private"` : '';
    return `{"${MEMBER_OF[list]}":[${texts.join(',')}]${next}${hints}}`;
  };

  return (call) => {
    const list = LIST_OF[call.kind as keyof typeof LIST_OF];
    const cursor = call.params.value.cursor;
    if (cursor !== undefined && typeof cursor !== 'string')
      throw new GatewayError('invalid_cursor', 'it must be a string');
    const catalog = deps.catalog();
    if (catalog !== of) {
      outcomes.clear();
      of = catalog;
    }
    const grant = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
    const marks = marksOf(catalog, call, list, grant);
    const mode = list === 'tools' && deps.codeMode !== undefined ? deps.codeMode.modeOf(call) : 'classic';
    const key = JSON.stringify([
      list,
      mode,
      endpointKey(call.endpoint),
      call.peer.era,
      cursor ?? null,
      grant.signature,
      ...(marks ?? []),
    ]);
    let outcome = outcomes.get(key);
    if (outcome === undefined) {
      const text = render(catalog, call, list, grant, cursor, mode, marks);
      const sharedBytes = Buffer.byteLength(text);
      outcome = { type: 'result', text, isError: false, sharedBytes };
      // A character takes one byte or two; the edge's copy as many as it will send.
      const textBytes = sharedBytes === text.length ? text.length : 2 * text.length;
      outcomes.set(key, outcome, textBytes + 2 * sharedBytes + 2 * key.length);
    }
    return outcome;
  };
}
