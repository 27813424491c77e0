/** Shapes of results that tools do not declare, learnt from what they gave: keys and types alone, apart for each tenant. */

import { hash } from 'node:crypto';
import type { Call } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';
import { mergeShapes, shapeOf } from '../../domain/codemode/learn-shape.ts';
import type { Shape } from '../../domain/codemode/shape.ts';
import type { CatalogItem } from '../../domain/tools/catalog.ts';
import { createLru } from '../../lib/lru.ts';
import { callerOf } from '../grants.ts';

const MAX_BYTES = 8 * 1024 * 1024;
/** After so many results a tool has shown what it gives. */
const ENOUGH = 20;
/** Larger ones would hold up others while they are read. */
const MAX_CHARS = 262_144;

export interface LearntShapes {
  shapeOf(item: CatalogItem): Shape | undefined;
  learn(item: CatalogItem, value: JsonText): void;
}

/** Outlives configurations; each tenant has its own part of it. */
export interface LearntByTenant {
  ofTenant(tenant: string): LearntShapes;
}

export function createLearntShapes(): LearntByTenant {
  const known = createLru<{ readonly shape: Shape; readonly seen: number }>(MAX_BYTES);
  const versions = new WeakMap<CatalogItem, string>();
  /** Another definition is another tool. */
  const versionOf = (item: CatalogItem): string => {
    const version = versions.get(item) ?? hash('sha256', item.ownText, 'base64url');
    versions.set(item, version);
    return version;
  };
  const keyOf = (tenant: string, item: CatalogItem): string =>
    JSON.stringify([tenant, item.serverId, item.name, versionOf(item)]);

  return {
    ofTenant: (tenant) => ({
      shapeOf: (item) => known.get(keyOf(tenant, item))?.shape,
      learn(item, value) {
        if (value.length > MAX_CHARS || item.ownText.includes('"outputSchema"')) return;
        const key = keyOf(tenant, item);
        const before = known.get(key);
        if (before !== undefined && before.seen >= ENOUGH) return;
        const shape = shapeOf(JSON.parse(value));
        const merged = before === undefined ? shape : mergeShapes(before.shape, shape);
        const bytes = 2 * (key.length + JSON.stringify(merged).length);
        known.set(key, { shape: merged, seen: (before?.seen ?? 0) + 1 }, bytes);
      },
    }),
  };
}

/** Its organisation; a key without one is alone. */
export function tenantOf(call: Call): string {
  const { keyId, levels } = callerOf(call);
  const organization = levels?.find(({ type }) => type === 'organization')?.id;
  return organization === undefined ? `key ${keyId}` : `organization ${organization}`;
}
