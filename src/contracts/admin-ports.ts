/** Ports through which the admin API sees the rest of the gateway: the trail, money, servers, definitions, the configuration. */

import type { DefinitionKind, DefinitionRecord } from './definitions.ts';
import type { JsonObject } from './json.ts';
import type { ChangeOrigin } from './objects.ts';
import type { TrailFilter, TrailRow } from './trail.ts';
import type { ServerStatus } from './upstream.ts';

/** Where in the configuration file something stands. */
export interface FileSource {
  readonly file: string;
  /** 1-based; undefined: not known. */
  readonly line: number | undefined;
}

/** Something that only the configuration file can change. */
export interface FileObject {
  readonly id: string;
  readonly name: string;
  /** In the words of its kind's shape, without secrets. */
  readonly body: JsonObject;
  readonly source: FileSource;
}

export const SPEND_GROUPS = [
  'key',
  'team',
  'user',
  'organization',
  'label',
  'model',
  'provider',
  'tool',
  'server',
  'day',
] as const;
export type SpendGroup = (typeof SPEND_GROUPS)[number];

export interface SpendSum {
  /** Undefined: calls that named none there is. */
  readonly name: string | undefined;
  /** Of keys, teams, users and organisations: names may be used again, ids are not. */
  readonly id: string | undefined;
  readonly calls: number;
  /** Calls that had a price. */
  readonly priced: number;
  readonly microUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A call as recorded. `seq` grows with each call that ends. */
export type AdminTrailRow = TrailRow & { readonly seq: number };

export interface AdminTrail {
  /** Newest first; what was handed over so far is in it. */
  list(
    filter: Omit<TrailFilter, 'afterSeq' | 'limit'> & {
      readonly beforeSeq?: number | undefined;
      readonly limit: number;
    },
  ): Promise<readonly AdminTrailRow[]>;
  find(id: string): Promise<AdminTrailRow | undefined>;
}

export interface AdminSpend {
  /** The dearest first; days in their order. `label`: which one, where `by` is `label`. */
  sum(
    by: SpendGroup,
    filter: Pick<TrailFilter, 'sinceMs' | 'untilMs' | 'key' | 'server' | 'name'> & {
      readonly label?: string | undefined;
    },
  ): Promise<readonly SpendSum[]>;
}

/** What servers offer, as the gateway shows it to keys that may see it. */
export interface CatalogueTool {
  readonly server: string;
  /** As at `/mcp`. */
  readonly name: string;
  /** The server's own. */
  readonly ownName: string;
  readonly description: string | undefined;
  readonly isReadOnly: boolean;
}

export interface CatalogueModel {
  readonly provider: string;
  readonly model: string;
}

export interface AdminCatalogue {
  tools(): readonly CatalogueTool[];
  models(): Promise<readonly CatalogueModel[]>;
  servers(): readonly ServerStatus[];
}

export interface AdminDefinitions {
  list(): Promise<readonly DefinitionRecord[]>;
  /** `hash`: of the version that was looked at. Undefined: nothing to decide, or another version by now. */
  decide(
    ref: { readonly serverId: string; readonly kind: DefinitionKind; readonly name: string },
    verb: 'approve' | 'reject',
    hash: string,
    origin: ChangeOrigin,
  ): Promise<DefinitionRecord | undefined>;
}

/** One line that a key's calls count against, and where it stands. */
export interface LimitStanding {
  readonly level: { readonly type: string; readonly id: string; readonly name: string };
  readonly what: 'requests' | 'tokens' | 'toolCalls' | 'concurrent' | 'money';
  readonly per: string;
  readonly on: readonly string[] | undefined;
  readonly max: number;
  /** Undefined: the store of limits cannot be reached. */
  readonly used: number | undefined;
}
