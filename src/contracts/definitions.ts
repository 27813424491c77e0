/** Definitions under change control: what a server says of its tools, prompts and itself, and what was decided about it. */

import type { JsonText } from './json.ts';

export const DEFINITION_KINDS = ['tool', 'prompt', 'instructions'] as const;
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];

/** Which definition. `name` is the server's own; '' for its instructions. */
export interface DefinitionRef {
  readonly serverId: string;
  readonly kind: DefinitionKind;
  readonly name: string;
}

/** What is done without asking anybody. Also the defaults of the configuration. */
export interface DefinitionPolicy {
  readonly onFirstSight: 'pin' | 'hold';
  readonly onChange: 'flag' | 'hold' | 'allow';
  readonly onFindings: 'flag' | 'hold';
}

export type Severity = 'low' | 'medium' | 'high';

/** Something in a definition that a person should look at. */
export interface Finding {
  /** Stable word for the rule that found it: `override`, `secrecy`, `shadowing`, … */
  readonly rule: string;
  readonly severity: Severity;
  /** Path within the definition: `description`, `inputSchema.properties.path.description`. */
  readonly place: string;
  /** The words it was found by, at most 120 characters, without hidden characters. */
  readonly excerpt: string;
}

/**
 * `pinned`: in force. `changed`: in force, but another one than was approved last. `held`: waits for approval.
 * `rejected`: a person refused it.
 */
export type DefinitionState = 'pinned' | 'changed' | 'held' | 'rejected';

/** One version of a definition. */
export interface DefinitionVersion {
  /** SHA-256 of the canonical definition, lower-case hex. */
  readonly hash: string;
  /** As the server wrote it; instructions as a JSON string. Undefined: too long to be kept. */
  readonly text: JsonText | undefined;
  readonly atMs: number;
}

/** What is known of one definition. */
export interface DefinitionRecord extends DefinitionRef {
  readonly state: DefinitionState;
  /** Why it is held, in one word; undefined unless it is. */
  readonly reason: HoldReason | undefined;
  /** The version in force; undefined: none ever was, or it was taken back. */
  readonly pinned: DefinitionVersion | undefined;
  /** Who put it in force. */
  readonly pinnedBy: 'policy' | 'person' | undefined;
  /** `held` and `rejected`: the version that is not in force. `changed`: the one approved last. */
  readonly other: DefinitionVersion | undefined;
  /** In the version the server offered last. */
  readonly findings: readonly Finding[];
  readonly firstSeenMs: number;
}

export type HoldReason = 'first-sight' | 'change' | 'findings' | 'rejected-before';

export interface DefinitionCounts {
  readonly pinned: number;
  readonly changed: number;
  readonly held: number;
  readonly rejected: number;
  /** Definitions with a finding of medium or high severity. */
  readonly suspicious: number;
}

/** Kinds of rows that decisions leave in the trail, beside the kinds of calls. */
export type DefinitionEventKind =
  | 'definition.pinned'
  | 'definition.changed'
  | 'definition.held'
  | 'definition.restored'
  | 'definition.finding'
  | 'definition.approved'
  | 'definition.rejected';

/** Port: where decisions about definitions live. Synchronous, but for what a person decides; never on the path of a call. */
export interface DefinitionStore extends Disposable {
  /** Of one server, or of all; sorted by server, kind and name. */
  list(serverId?: string): readonly DefinitionRecord[];
  /** Writes what policy decided, unless `version()` is no longer the expected one: then returns false, nothing is written. */
  save(records: readonly DefinitionRecord[], expectedVersion: number): boolean;
  /** Writes what a person decided, and thereby changes `version()`. `decide` sees the newest record; undefined: no change. */
  decide(
    ref: DefinitionRef,
    decide: (record: DefinitionRecord) => DefinitionRecord | undefined,
  ): DefinitionRecord | undefined | Promise<DefinitionRecord | undefined>;
  /** Changes whenever a person decided something, in whichever process. */
  version(): number;
}
