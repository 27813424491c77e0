/** Keys of the configuration, and the teams and organisations above them. */

import type { Grant, LabelledLevel } from './caller.ts';
import type { JsonObject } from './json.ts';
import type { UsageLimits } from './limits.ts';
import type { Secret } from './secret.ts';

export interface ConfigKey {
  readonly name: string;
  readonly value: Secret;
  readonly grant: Grant;
  readonly limits?: UsageLimits | undefined;
  /** Team and organisation of the file above it, nearest first; undefined: none. */
  readonly levels?: readonly LabelledLevel[] | undefined;
  /** Merged, its own first; undefined: none. */
  readonly labels?: Labels | undefined;
  /** Whose key it is: a user of the store, by id or name, with the key's own labels alone. Undefined: nobody's. */
  readonly user?: { readonly name: string; readonly labels: Labels } | undefined;
}

export type Labels = { readonly [label: string]: string };

/** A team or an organisation that the file owns; its id is `config:team:NAME` or `config:organization:NAME`. */
export interface FileLevel extends LabelledLevel {
  /** Id of a team's organisation. */
  readonly organization: string | undefined;
  /** As it is written, in the words of `contracts/shapes/directory`. */
  readonly body: JsonObject;
  /** 1-based. */
  readonly line: number | undefined;
}
