/** Last step of skills.list: the servers' own pages, one after the other, as far as the caller may see the skills. */

import type { Call, McpOutcome } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { SKILLS_EXTENSION } from '../../contracts/extensions.ts';
import { type Catalog, type CatalogServer, shownUri } from '../../domain/tools/catalog.ts';
import { parseExposedUri } from '../../domain/tools/exposed-uri.ts';
import { endpointServers, maySeeResource } from '../../domain/tools/resolve.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, scanElements, withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';
import { callerOf, type GrantOf } from '../grants.ts';

/** Where to go on: a server, and its own cursor there (undefined: from its beginning). */
interface Position {
  readonly serverId: string;
  readonly cursor: string | undefined;
}

const LIST = 'skills';

function encodeCursor({ serverId, cursor }: Position): string {
  return Buffer.from(JSON.stringify([LIST, serverId, ...(cursor === undefined ? [] : [cursor])])).toString('base64url');
}

/** Throws GatewayError `invalid_cursor`. */
function decodeCursor(text: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(value) && value.every((part) => typeof part === 'string')) {
      const [list, serverId, cursor] = value;
      if (list === LIST && serverId !== undefined && encodeCursor({ serverId, cursor }) === text)
        return { serverId, cursor };
    }
  } catch {}
  throw new GatewayError('invalid_cursor', 'start again without a cursor');
}

function hasSkills(server: CatalogServer): boolean {
  const extensions = server.offer?.capabilities.extensions;
  return isObject(extensions) && isObject(extensions[SKILLS_EXTENSION]);
}

export function createListSkills(deps: ForwardDeps & { grantOf: GrantOf; catalog: () => Catalog }): LastStep {
  const ask = (call: Call, serverId: string, cursor: string | undefined): Promise<McpOutcome> => {
    call.facts.serverId = serverId;
    call.facts.target = '';
    const text = withMembers(call.params.text, { cursor: cursor === undefined ? undefined : JSON.stringify(cursor) });
    return forward(deps, call, 'skills/list', { text }, true);
  };

  return async (call) => {
    const given = call.params.value.cursor;
    if (given !== undefined && typeof given !== 'string')
      throw new GatewayError('invalid_cursor', 'it must be a string');
    const catalog = deps.catalog();
    const { endpoint } = call;
    const grant = deps.grantOf(callerOf(call), call.narrowing, endpoint);
    const servers = endpointServers(catalog, endpoint).filter((s) => hasSkills(s) && grant.reaches(s.serverId));
    const isOne = endpoint.type === 'server';
    if (isOne && servers.length === 0) throw new GatewayError('unknown_method', 'skills/list');

    /** The page with what this caller may see of it. `next`: where the page after it begins, on endpoints of several servers. */
    const present = (server: CatalogServer, text: string, next: Position | undefined): string => {
      const skills = memberText(text, 'skills') ?? '[]';
      const sees = (skill: string): boolean => {
        const { uri } = JSON.parse(skill) as { uri?: unknown };
        if (typeof uri !== 'string') return false;
        return maySeeResource(catalog, endpoint, server.serverId, ownUri(server, uri), grant.allows);
      };
      const kept = scanElements(skills)
        .map(({ start, end }) => skills.slice(start, end))
        .filter(sees);
      const nextCursor = next === undefined ? undefined : JSON.stringify(encodeCursor(next));
      return withMembers(text, { skills: `[${kept.join(',')}]`, ...(!isOne && { nextCursor }) });
    };
    /** `forward` has shown the URIs already. */
    const ownUri = (server: CatalogServer, uri: string): string => {
      if (isOne) return uri;
      const own = parseExposedUri(uri)?.uri;
      return own !== undefined && shownUri(server, own) === uri ? own : uri;
    };

    let position: Position | undefined =
      given !== undefined && !isOne ? decodeCursor(given) : { serverId: servers[0]?.serverId ?? '', cursor: given };
    const begin = position.serverId;
    if (given !== undefined && !servers.some((server) => server.serverId === begin))
      throw new GatewayError('invalid_cursor', 'start again without a cursor');
    while (position !== undefined) {
      const { serverId, cursor }: Position = position;
      const at = servers.findIndex((server) => server.serverId === serverId);
      const server = servers[at];
      if (server === undefined) break;
      const following = servers[at + 1];
      const after = following === undefined ? undefined : { serverId: following.serverId, cursor: undefined };
      try {
        const outcome = await ask(call, serverId, cursor);
        if (outcome.type === 'result') {
          const own: unknown = (JSON.parse(outcome.text) as { nextCursor?: unknown }).nextCursor;
          const next = typeof own === 'string' ? { serverId, cursor: own } : after;
          return { ...outcome, text: present(server, outcome.text, next) };
        }
        if (isOne || cursor !== undefined) return outcome;
      } catch (error) {
        // One server that is down does not take the skills of the others away.
        if (isOne || cursor !== undefined || !(error instanceof GatewayError) || error.code === 'cancelled')
          throw error;
      }
      position = after;
    }
    const hints = call.peer.era === 'modern' ? ',"ttlMs":0,"cacheScope":"private"' : '';
    return { type: 'result', text: `{"skills":[]${hints}}`, isError: false };
  };
}
