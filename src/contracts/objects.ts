/** What people manage - teams, keys, servers, … - as stored objects: one shape, one port, one record of changes for all kinds. */

import type { JsonObject } from './json.ts';

/** Kinds of objects. Those up to `standing-approval` say who there is, and what was approved; the others are parts of a configuration, as a file would have them. */
export const OBJECT_KINDS = [
  'organization',
  'team',
  'user',
  'key',
  'admin-token',
  'standing-approval',
  'server',
  'provider',
  'toolset',
  'alias',
  'route',
  'policy-rule',
  'webhook',
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** `body` is what `contracts/shapes` says of its kind, checked by whoever wrote it. */
export interface StoredObject {
  readonly kind: ObjectKind;
  /** `key_1f…`: prefix of its kind and 16 hex digits; servers, providers and the like have their name for one. */
  readonly id: string;
  /** Unique among the living of its kind, but for keys. */
  readonly name: string;
  readonly body: JsonObject;
  /** 1 when it is made; grows by one with each change. What ETags are made of. */
  readonly version: number;
  readonly isDeleted: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export type ObjectWrite =
  | {
      readonly action: 'create';
      readonly kind: ObjectKind;
      readonly id: string;
      readonly name: string;
      readonly body: JsonObject;
    }
  | {
      readonly action: 'update';
      readonly kind: ObjectKind;
      readonly id: string;
      readonly name: string;
      readonly body: JsonObject;
      /** The version that was read; undefined: whatever stands there. */
      readonly ifVersion: number | undefined;
    }
  | {
      readonly action: 'delete';
      readonly kind: ObjectKind;
      readonly id: string;
      readonly ifVersion: number | undefined;
    };

/** Who changed something, and by what. */
export interface ChangeOrigin {
  readonly actor: {
    readonly type: 'user' | 'admin-token' | 'operator' | 'gateway';
    readonly id: string;
    readonly name: string;
  };
  /** `operator` at the command line and in the file, whoever may write there; the gateway itself for its first key. */
  readonly via: 'api' | 'console' | 'cli' | 'file' | 'gateway';
}

/** What can be done to an object. Those after `delete` change nothing that its body shows. */
export const CHANGE_ACTIONS = [
  'create',
  'update',
  'delete',
  /** Of an object of the file: a secret that is written there in clear. */
  'change-secret',
  /** Of users: an address was made at which they set their password. */
  'invite',
  'set-password',
  'end-sessions',
  'unlock',
  /** Of users: they let an OAuth client act for them, or ended that. */
  'let-client-in',
  'end-client',
] as const;
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

/** A line of the record of changes. Bodies stand in it without their members `hash` and `sealed`, at any depth. */
export interface ObjectChange extends ChangeOrigin {
  /** Grows with each change of anything. */
  readonly seq: number;
  readonly atMs: number;
  readonly action: ChangeAction;
  readonly kind: ObjectKind;
  readonly id: string;
  readonly name: string;
  readonly before: JsonObject | undefined;
  readonly after: JsonObject | undefined;
}

/** A line for what was not written here: of the configuration file, or of what belongs to an object and is not in its body. */
export type NotedChange = Pick<ObjectChange, 'action' | 'kind' | 'id' | 'name' | 'before' | 'after'>;

/** What the configuration file owns, as it was when it was last noted. */
export interface NotedObject {
  readonly kind: ObjectKind;
  readonly id: string;
  readonly name: string;
  /** As it may be shown. */
  readonly body: JsonObject;
  /** Tells whether its secrets are still the same; sealed. Undefined: it has none, or nothing may be sealed. */
  readonly sealed?: string | undefined;
}

export interface NotedFile {
  /** Of its note, to be named by the next one; 0: none was ever made. */
  readonly seq: number;
  readonly objects: readonly NotedObject[];
}

/** What a writer has looked at besides what they write. */
export interface LookedAt {
  readonly kinds: readonly ObjectKind[];
  /** As `changedSince` told it before the look. */
  readonly seq: number;
}

export interface ObjectPage {
  /** Only those after this id in the order of the list. */
  readonly afterId?: string | undefined;
  readonly limit: number;
  /** Those whose name begins so. */
  readonly namePrefix?: string | undefined;
  /** Only those whose body has these members with these values, e.g. `team`. Names are `[A-Za-z]+`. */
  readonly where?: { readonly [member: string]: string | boolean } | undefined;
}

/** Why a write was refused; nothing was written. */
export class ObjectConflict extends Error {
  override readonly name = 'ObjectConflict';
  /**
   * `missing`: there is no such object; `exists`: name or id is taken; `version`: somebody else changed it in between;
   * `others`: something else that was looked at was changed.
   */
  readonly reason: 'missing' | 'exists' | 'version' | 'others';
  readonly write: ObjectWrite;
  constructor(reason: ObjectConflict['reason'], write: ObjectWrite) {
    super(`${write.action} of ${write.kind} ${write.id}: ${reason}`);
    this.reason = reason;
    this.write = write;
  }
}

/** Port: where objects are kept. SQLite by default, PostgreSQL for several replicas. */
export interface ObjectStore extends AsyncDisposable {
  /** What was changed after that number, the deleted too, each once and as it is now; 0: everything. */
  changedSince(seq: number): Promise<{ readonly seq: number; readonly objects: readonly StoredObject[] }>;
  /** The living only, like `list`. */
  find(kind: ObjectKind, id: string): Promise<StoredObject | undefined>;
  /** In the order they were made. */
  list(kind: ObjectKind, page: ObjectPage): Promise<readonly StoredObject[]>;
  /**
   * All or nothing, with a line in the record for each. Throws ObjectConflict, also if anything of what was `lookedAt` has
   * changed since: a rule over several objects then holds whoever else writes. Returns them as they are now.
   */
  write(
    writes: readonly ObjectWrite[],
    origin: ChangeOrigin,
    nowMs: number,
    lookedAt?: LookedAt,
  ): Promise<readonly StoredObject[]>;
  /**
   * Lines in the record, and no more. `file`: what the file owns from now on; then all or nothing: false if somebody else
   * noted it after `afterSeq`, and nothing was written.
   */
  note(
    changes: readonly NotedChange[],
    origin: ChangeOrigin,
    nowMs: number,
    file?: { readonly afterSeq: number; readonly objects: readonly NotedObject[] },
  ): Promise<boolean>;
  /** What the file owned when it was last noted. */
  notedFile(): Promise<NotedFile>;
  /** Newest first. */
  changes(filter: {
    readonly kind?: ObjectKind | undefined;
    readonly id?: string | undefined;
    readonly beforeSeq?: number | undefined;
    readonly limit: number;
  }): Promise<readonly ObjectChange[]>;
  /** Hears of every change, whichever process made it: its own at once, others' within half a second. Returns how to stop. */
  onChange(listener: () => void): () => void;
}
