/** Who calls, and what that caller may reach. */

import type { LevelRef, UsageLimits } from './limits.ts';
import type { ToolMode } from './models-config.ts';
import type { AgentRules } from './runs.ts';

/** What was presented on the request, before anybody believed it. */
export interface Credential {
  /** Where it came from; two different credentials on one request are refused by the edge. */
  readonly source: 'authorization' | 'x-api-key' | 'x-goog-api-key' | 'x-portcullis-key' | 'query' | 'api-key';
  readonly token: string;
  /** SHA-256 of the token, a byte a character: the keyring's note, so that a request with several looks at it pays for one. */
  hash?: string;
  /** Of an access token, what it proved when it was last presented: the gateway's note, made by `admit` alone. */
  admitted?: Admitted;
}

/** What an access token proved, as its issuer's verdict says it. */
export interface Admitted {
  readonly caller: Caller;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
  readonly issuer: string;
}

/**
 * What a key may reach. Patterns are `server`, `server/name`, `server__name`, optionally with a kind in front
 * (`tool:`, `prompt:`, `resource:`, `model:`); `*` matches any run of characters. Deny wins. Empty `allow` allows nothing.
 */
export interface Grant {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Toolsets whose endpoint may be used with all they hold, but for what `deny` takes away. Default none. */
  readonly toolsets?: readonly string[] | undefined;
  /** Whether its requests to models get the gateway's tools; undefined: as the configuration says for all. */
  readonly toolMode?: ToolMode | undefined;
  /** What the gateway does for its models by itself; undefined: nothing, each call is suggested to the caller. */
  readonly agent?: AgentRules | undefined;
  /** `suggested`: `/v1/mcp/tool/execute` carries out what a model suggested to this key; `any`: other calls, too. Default `suggested`. */
  readonly execute?: 'suggested' | 'any' | undefined;
  /** Patterns `provider/key`: which keys of providers may be used; undefined: all. */
  readonly providerKeys?: readonly string[] | undefined;
  readonly parameters?: ParameterCaps | undefined;
  /** CIDR blocks that calls may come from; undefined: anywhere. */
  readonly networks?: readonly string[] | undefined;
  /** When calls may be made; undefined: always. */
  readonly hours?: readonly Hours[] | undefined;
}

/** Bounds on parameters of requests to models; undefined members bound nothing. */
export interface ParameterCaps {
  readonly maxOutputTokens?: number | undefined;
  readonly maxTemperature?: number | undefined;
  readonly maxChoices?: number | undefined;
  readonly maxReasoningTokens?: number | undefined;
}

/** A time of the week; `to` before `from` ends on the next day. */
export interface Hours {
  readonly days?: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[] | undefined;
  /** `08:00`, inclusive. */
  readonly from: string;
  /** `18:00`, exclusive. */
  readonly to: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** A level above a key: what it says holds for all below. The same object as long as nothing changed. */
export interface Level extends LevelRef {
  /** Undefined: bounds nothing. */
  readonly grant: Grant | undefined;
  readonly limits: UsageLimits | undefined;
}

/** A level with the labels it gives to calls of keys below. */
export interface LabelledLevel extends Level {
  readonly labels: { readonly [label: string]: string };
}

/** An identified caller. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly grant: Grant;
  /** Undefined: none. The same object as long as they are the same. */
  readonly limits?: UsageLimits | undefined;
  /** User, team and organisation of the key, nearest first; undefined: it has none. Shared by keys of the same. */
  readonly levels?: readonly Level[] | undefined;
  /** Merged from all levels, the key's own first; undefined: none. Shared. */
  readonly labels?: { readonly [label: string]: string } | undefined;
}

/** What the request itself asks to leave out. It can only take away; undefined narrows nothing, empty narrows to nothing. */
export interface Narrowing {
  /** `x-portcullis-servers`: server id patterns. */
  readonly servers: readonly string[] | undefined;
  /** `x-portcullis-tools`: patterns as in a grant. */
  readonly tools: readonly string[] | undefined;
  /** `x-portcullis-tool-mode`, as it came: how tools are to be shown. */
  readonly mode?: string | undefined;
}

/** A key as the keyring has it: what is handed out as the caller, and what it is recognised by. Thousands may be known. */
export interface KnownKey extends Caller {
  readonly expiresAtMs: number | undefined;
}

/** Who may present what, as of now. Read by the keyring whenever `version` has changed. */
export interface KeyDirectory {
  version(): number;
  /** Those in force. A hash is SHA-256 of a secret, a byte a character; a key with several secrets comes several times. */
  keys(): Iterable<{ readonly hash: string; readonly key: KnownKey }>;
  /**
   * What stands above a key of the file that belongs to a user, named by id or name: they, `above`, and their organisation where
   * `above` has none; with the labels of all and the key's `own`. Undefined: they are not there, or switched off.
   */
  aboveUser?(
    user: string,
    above: readonly LabelledLevel[],
    own: { readonly [label: string]: string },
  ): Pick<Caller, 'levels' | 'labels'> | undefined;
  /** By what an identity provider knows them by, by their name or their id. Also one who is switched off. */
  findUser?(
    by: { readonly issuer: string; readonly subject: string } | { readonly name: string } | { readonly id: string },
  ): KnownUser | undefined;
  /** A team by its id or name, and its organisation. Undefined: there is none, or its organisation is gone. */
  findTeam?(idOrName: string): readonly LabelledLevel[] | undefined;
}

export interface KnownUser {
  readonly id: string;
  readonly name: string;
  readonly identities: readonly { readonly issuer: string; readonly subject: string }[];
  /** By their ids. */
  readonly teams: readonly string[];
}
