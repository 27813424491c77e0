/** Grants: patterns compiled into a decision over (kind, server, name). Deny wins; nothing matched means not allowed. */

import type { Grant, Narrowing } from '../../contracts/caller.ts';
import type { LevelRef } from '../../contracts/limits.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

/** What MCP servers offer. */
export type TargetKind = 'tool' | 'prompt' | 'resource';

/** What a key may be allowed. For models, `server` is the provider. */
export type AccessKind = TargetKind | 'model';

/** A pattern taken apart. `name` undefined: the whole server. */
export interface AccessPattern {
  readonly source: string;
  readonly kind: AccessKind | undefined;
  readonly server: string;
  readonly name: string | undefined;
}

/** What a compiled grant answers. `rule` is the pattern that decided, for explaining; undefined: nothing matched. */
export interface AccessVerdict {
  readonly allowed: boolean;
  readonly rule: string | undefined;
  /** Of the level above that refused. Undefined: the key's own grant, or the request's narrowing, decided. */
  readonly level?: LevelRef | undefined;
}

export interface CompiledGrant {
  /** Equal signatures decide equally: the key under which views are shared. */
  readonly signature: string;
  decide(kind: AccessKind, serverId: string, name: string): AccessVerdict;
  allows(kind: AccessKind, serverId: string, name: string): boolean;
  /** Whether anything at all of this server may be allowed; decides if its endpoint exists for the caller. */
  reaches(serverId: string): boolean;
}

/** `[kind:]server[/name]`, where `server__name` says the same as `server/name`. Never fails: what is odd matches nothing. */
export function parsePattern(source: string): AccessPattern {
  const kindEnd = /^(tool|prompt|resource|model):/.exec(source);
  const kind = kindEnd?.[1] as AccessKind | undefined;
  const rest = kindEnd ? source.slice(kindEnd[0].length) : source;
  const slash = rest.indexOf('/');
  const double = rest.indexOf('__');
  const cut = slash !== -1 && (double === -1 || slash < double) ? { at: slash, width: 1 } : { at: double, width: 2 };
  if (cut.at === -1) return { source, kind, server: rest, name: undefined };
  return { source, kind, server: rest.slice(0, cut.at), name: rest.slice(cut.at + cut.width) };
}

const ANYTHING = /^\*+$/;

/**
 * Whether a pattern allows this target. One that names servers without a kind is about what MCP servers offer: a provider of
 * models that happens to have the name of a server is not opened by it. `*` alone is about everything.
 */
export function grants(pattern: AccessPattern, kind: AccessKind, serverId: string, name: string): boolean {
  if (kind === 'model' && pattern.kind === undefined && !ANYTHING.test(pattern.source)) return false;
  return fitsPattern(pattern, kind, serverId, name);
}

/** Whether a pattern speaks of this target. */
export function fitsPattern(pattern: AccessPattern, kind: AccessKind, serverId: string, name: string): boolean {
  if (pattern.kind !== undefined && pattern.kind !== kind) return false;
  if (!matchesWildcard(pattern.server, serverId)) return false;
  return pattern.name === undefined || matchesWildcard(pattern.name, name);
}

/** Compiles a grant together with what the request leaves out. Narrowing only ever takes away. */
export function compileGrant(
  grant: Grant,
  narrowing: Narrowing = { servers: undefined, tools: undefined },
): CompiledGrant {
  const allow = grant.allow.map(parsePattern);
  const deny = grant.deny.map(parsePattern);
  const tools = narrowing.tools?.map(parsePattern);
  const serverKept = (serverId: string) => narrowing.servers?.some((p) => matchesWildcard(p, serverId)) ?? true;

  const decide = (kind: AccessKind, serverId: string, name: string): AccessVerdict => {
    for (const pattern of deny)
      if (fitsPattern(pattern, kind, serverId, name)) return { allowed: false, rule: pattern.source };
    for (const pattern of allow) {
      if (!grants(pattern, kind, serverId, name)) continue;
      if (kind === 'model') return { allowed: true, rule: pattern.source };
      if (!serverKept(serverId)) return { allowed: false, rule: 'x-portcullis-servers' };
      if (tools && kind === 'tool' && !tools.some((p) => fitsPattern(p, kind, serverId, name)))
        return { allowed: false, rule: 'x-portcullis-tools' };
      return { allowed: true, rule: pattern.source };
    }
    return { allowed: false, rule: undefined };
  };

  return {
    signature: JSON.stringify([grant.allow, grant.deny, narrowing.servers ?? null, narrowing.tools ?? null]),
    decide,
    allows: (kind, serverId, name) => decide(kind, serverId, name).allowed,
    reaches: (serverId) =>
      serverKept(serverId) &&
      allow.some((p) => p.kind !== 'model' && matchesWildcard(p.server, serverId)) &&
      !deny.some(
        (p) =>
          p.kind === undefined &&
          (p.name === undefined || ANYTHING.test(p.name)) &&
          matchesWildcard(p.server, serverId),
      ),
  };
}
