/** Grants within the bounds of the levels above: a call is allowed if every one of them allows it. They only take away. */

import type { Level } from '../../contracts/caller.ts';
import type { LevelRef } from '../../contracts/limits.ts';
import { type AccessVerdict, type CompiledGrant, compileGrant } from './compile-grant.ts';

/** What the levels above say, compiled once for all keys below. Nearest first. */
export interface CompiledBounds {
  readonly signature: string;
  readonly bounds: readonly { readonly level: LevelRef; readonly grant: CompiledGrant }[];
}

/** Undefined: they leave every target to the key. */
export function compileBounds(levels: readonly Level[]): CompiledBounds | undefined {
  const bounds = levels.flatMap(({ type, id, name, grant }) => {
    if (grant === undefined || (grant.deny.length === 0 && grant.allow.includes('*'))) return [];
    return [{ level: { type, id, name }, grant: compileGrant(grant) }];
  });
  if (bounds.length === 0) return undefined;
  return { bounds, signature: JSON.stringify(bounds.map(({ grant }) => grant.signature)) };
}

/** The grant as far as all bounds allow it. A refusal names the nearest level that refuses, the key's own grant first. */
export function withinBounds(own: CompiledGrant, { bounds, signature }: CompiledBounds): CompiledGrant {
  const decide: CompiledGrant['decide'] = (kind, serverId, name): AccessVerdict => {
    const verdict = own.decide(kind, serverId, name);
    if (!verdict.allowed) return verdict;
    for (const { level, grant } of bounds) {
      const { allowed, rule } = grant.decide(kind, serverId, name);
      if (!allowed) return { allowed, rule, level };
    }
    return verdict;
  };
  return {
    signature: `${own.signature}\n${signature}`,
    decide,
    allows: (kind, serverId, name) =>
      own.allows(kind, serverId, name) && bounds.every(({ grant }) => grant.allows(kind, serverId, name)),
    reaches: (serverId) => own.reaches(serverId) && bounds.every(({ grant }) => grant.reaches(serverId)),
  };
}
