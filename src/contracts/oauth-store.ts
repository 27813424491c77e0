/** Port of what our authorization server keeps: clients that registered, grants of people, and codes, tokens and requests under way. */

/**
 * `request`: what a person has been asked and has not answered. `consent`: an answer that stands for later requests of the same
 * kind. `document`: metadata of a client that was fetched from its address.
 */
export const OAUTH_RECORD_KINDS = ['code', 'access', 'refresh', 'request', 'consent', 'document'] as const;
export type OAuthRecordKind = (typeof OAUTH_RECORD_KINDS)[number];

/** Found by a hash; what it says is sealed. */
export interface OAuthRecord {
  readonly kind: OAuthRecordKind;
  /** Lower-case hex SHA-256 of the token, or of what else it goes by. */
  readonly hash: string;
  /** Gone with that grant; undefined: of none. */
  readonly grantId: string | undefined;
  readonly sealed: string;
  readonly expiresAtMs: number;
  /** What is good once was used then. */
  readonly consumedAtMs: number | undefined;
}

/** What a person let a client do in their name. */
export interface OAuthGrant {
  /** `og_` and 16 hex digits. */
  readonly id: string;
  readonly userId: string;
  /** The person's own key it acts as; undefined: as the person. */
  readonly keyId: string | undefined;
  readonly clientId: string;
  /** As the client calls itself, for display. */
  readonly clientName: string;
  readonly redirectUri: string;
  /** Canonical URL of the endpoint. */
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  /** When a token was last issued. */
  readonly usedAtMs: number;
  readonly expiresAtMs: number;
}

/** A client that registered itself. */
export interface OAuthClient {
  readonly id: string;
  /** Its metadata, with its secret if it has one. */
  readonly sealed: string;
  readonly createdAtMs: number;
}

/** SQLite by default, PostgreSQL for replicas. Every change shows at once to whoever asks next. */
export interface OAuthStore extends AsyncDisposable {
  /**
   * Another number once anything may have changed here, by whichever process: what was found at the same number is what would be
   * found now. Undefined: only a question would tell.
   */
  version(): number | undefined;
  /** In place of one of the same kind and hash. False: its grant has ended, and nothing was written. */
  put(record: OAuthRecord): Promise<boolean>;
  /** Also one that has expired and was not swept yet. */
  find(kind: OAuthRecordKind, hash: string): Promise<OAuthRecord | undefined>;
  /** False: it was used before, or is not there. One of several side by side gets true. */
  consume(kind: OAuthRecordKind, hash: string, nowMs: number): Promise<boolean>;
  /** False: it was not there; of several side by side one gets true. */
  remove(kind: OAuthRecordKind, hash: string): Promise<boolean>;

  addGrant(grant: OAuthGrant): Promise<void>;
  /** Whatever its age. */
  findGrant(id: string): Promise<OAuthGrant | undefined>;
  /** Of one person or of all, the newest first; those made before `beforeId`. */
  listGrants(filter: {
    readonly userId?: string | undefined;
    readonly beforeId?: string | undefined;
    readonly limit: number;
  }): Promise<readonly OAuthGrant[]>;
  touchGrant(id: string, nowMs: number): Promise<void>;
  /** With every record of it. False: there was none. */
  endGrant(id: string): Promise<boolean>;

  /** False: there are `max` already, and nothing was written. */
  addClient(client: OAuthClient, max: number): Promise<boolean>;
  findClient(id: string): Promise<OAuthClient | undefined>;

  /** Takes out at most `limit` of each: what expired before `nowMs`, and clients without a grant that registered before `unusedMs`. Returns how many. */
  sweep(nowMs: number, unusedMs: number, limit: number): Promise<number>;
}
