/** Who calls, and what that caller may reach. */

import type { KeyLimits } from './limits.ts';
import type { ToolMode } from './models-config.ts';

/** What was presented on the request, before anybody believed it. */
export interface Credential {
  /** Where it came from; two different credentials on one request are refused by the edge. */
  readonly source: 'authorization' | 'x-api-key' | 'x-goog-api-key' | 'x-portcullis-key' | 'query' | 'api-key';
  readonly token: string;
  /** SHA-256 of the token, a byte a character: the keyring's note, so that a request with several looks at it pays for one. */
  hash?: string;
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
}

/** An identified caller. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly grant: Grant;
  /** Undefined: none. The same object as long as they are the same. */
  readonly limits?: KeyLimits | undefined;
}

/** What the request itself asks to leave out. It can only take away; undefined narrows nothing, empty narrows to nothing. */
export interface Narrowing {
  /** `x-portcullis-servers`: server id patterns. */
  readonly servers: readonly string[] | undefined;
  /** `x-portcullis-tools`: patterns as in a grant. */
  readonly tools: readonly string[] | undefined;
}

/** A stored virtual key. The secret itself is never kept, only its SHA-256. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  /** First characters of the secret, for recognition (`pck_ab12`). */
  readonly prefix: string;
  /** Lower-case hex SHA-256 of the secret. */
  readonly hash: string;
  readonly grant: Grant;
  readonly limits?: KeyLimits | undefined;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  readonly source: 'store' | 'config';
}

export interface NewKey {
  readonly name: string;
  readonly grant: Grant;
  readonly limits?: KeyLimits | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** Port: where keys live. SQLite by default. All methods are synchronous; none is on the hot path. */
export interface KeyStore extends Disposable {
  list(): readonly KeyRecord[];
  /** Creates a key and returns its secret, the only time it exists in clear. */
  create(key: NewKey, nowMs: number): { readonly record: KeyRecord; readonly secret: string };
  /** Revokes by id, name or prefix. Returns undefined if nothing matches; throws RangeError if several do. */
  revoke(idOrName: string, nowMs: number): KeyRecord | undefined;
  /** A number that changes whenever any process changed the keys; cheap enough to ask every second. */
  version(): number;
}
