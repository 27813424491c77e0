/** Parts of the configuration as objects: who owns each, what state it is in, and how the stored ones are changed. */

import type { ConfigProblem } from './config.ts';
import type { JsonObject } from './json.ts';
import type { ChangeOrigin, ObjectKind, StoredObject } from './objects.ts';

/** Kinds of objects that are parts of a configuration, in the order they are read. */
export const CONFIG_KINDS = [
  'server',
  'provider',
  'toolset',
  'alias',
  'route',
  'policy-rule',
  'webhook',
] as const satisfies readonly ObjectKind[];
export type ConfigKind = (typeof CONFIG_KINDS)[number];

export interface ConfigObject {
  readonly kind: ConfigKind;
  readonly name: string;
  readonly owner: 'file' | 'store';
  /** Where it stands, if the file owns it. */
  readonly place: { readonly file: string; readonly line: number } | undefined;
  /** If the store owns it: what an ETag is made of. */
  readonly version: number | undefined;
  /** As written, references unresolved; in place of a secret `{ hidden: true }`, which in a body that is written keeps the one there is. */
  readonly body: JsonObject;
  /** `shadowed`: the file has one of the same name, and wins. `broken`: left out, for the problems named. */
  readonly state: 'in-force' | 'shadowed' | 'broken';
  readonly problems: readonly ConfigProblem[];
}

/** Bodies as people write them: an entry of the file, for servers with their `options` in it. */
export type ConfigWrite =
  | { readonly action: 'create'; readonly kind: ConfigKind; readonly name: string; readonly body: JsonObject }
  | {
      readonly action: 'update';
      readonly kind: ConfigKind;
      readonly name: string;
      readonly body: JsonObject;
      readonly ifVersion: number | undefined;
    }
  | {
      readonly action: 'delete';
      readonly kind: ConfigKind;
      readonly name: string;
      readonly ifVersion: number | undefined;
    };

export type ConfigWriteResult =
  | { readonly ok: true; readonly objects: readonly StoredObject[] }
  /** Nothing was written. */
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Port: the parts of the configuration, file's and store's together. */
export interface ConfigObjects {
  /** The file's first, then the store's in the order they were made. */
  list(kind: ConfigKind): Promise<readonly ConfigObject[]>;
  /** The one in force where there are two of a name. */
  find(kind: ConfigKind, name: string): Promise<ConfigObject | undefined>;
  /**
   * All or nothing. The whole configuration is checked as it would be then; what was wrong with it before does not count.
   * Throws ObjectConflict, also where the file owns the name (`exists`).
   */
  write(writes: readonly ConfigWrite[], origin: ChangeOrigin): Promise<ConfigWriteResult>;
}
