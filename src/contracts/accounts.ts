/** Ports of people's accounts: passwords, sessions, sign-ins under way. Users themselves are objects; these are their credentials. */

import type { AdminActor, Role } from './admin.ts';
import type { JsonObject } from './json.ts';

/** What of a request says whose session it belongs to, and where it was sent from. */
export interface BrowserRequest {
  readonly method: string;
  /** By lower-case name; undefined if absent. */
  header(name: string): string | undefined;
}

export type UserActor = Extract<AdminActor, { readonly type: 'user' }>;

/** Why a request with a session may not change anything: it comes from another page, or without the right token. */
export type CsrfVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface SessionInfo {
  /** Public; opens nothing. */
  readonly id: string;
  readonly userId: string;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  /** When it ends whatever happens. */
  readonly endsAtMs: number;
  /** Name of the identity provider; undefined: with a password. */
  readonly provider: string | undefined;
  readonly address: string | undefined;
  /** As the browser told; for display only. */
  readonly userAgent: string | undefined;
}

/** Sessions of people, as edges see them. */
export interface Sessions {
  /** Whose session the cookie of the request is, with the role as of now. Undefined: none, or it has ended. Notes its use. */
  find(request: BrowserRequest): Promise<UserActor | undefined>;
  /** The token that requests with this session's cookie have to bring along; undefined: there is no cookie. */
  csrfToken(request: BrowserRequest): string | undefined;
  /**
   * For every request with a session that changes something: sent by our own pages (`Sec-Fetch-Site`, `Origin`), and with the
   * token. `token` is what a form brought; undefined: the header `x-portcullis-csrf`.
   */
  checkCsrf(request: BrowserRequest, token?: string): CsrfVerdict;
  /** Those that have not ended, newest first. */
  list(userId: string): Promise<readonly SessionInfo[]>;
  /** False: there was no such session of that user. */
  end(userId: string, sessionId: string): Promise<boolean>;
  /** How many there were. */
  endAll(userId: string): Promise<number>;
}

/** What managing people needs besides their objects. */
export interface Accounts {
  /** A token for `/invite/{token}`, good once; those made before for the same user are void. */
  invite(userId: string): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
  /** Throws PasswordRefused. Ends all sessions of that user. */
  setPassword(userId: string, userName: string, password: string): Promise<void>;
  /** Lets that name try again at once. */
  unlock(userName: string): Promise<void>;
  /** Whoever deletes a user calls this, too: password, sessions and invitations go. */
  forget(userId: string): Promise<void>;
}

/** A password that nobody should have; the message says why, to the person. */
export class PasswordRefused extends Error {
  override readonly name = 'PasswordRefused';
}

/** One-way hashes of passwords. */
export interface PasswordHasher {
  /** With the parameters in force. Rejects with GatewayError `too_many` if too many wait. */
  hash(password: string): Promise<string>;
  /** Whatever parameters it was made with. Rejects like `hash`. */
  verify(hash: string, password: string): Promise<boolean>;
  /** Made with other parameters than those in force. */
  isOutdated(hash: string): boolean;
}

/** How waits grow with failures. All in milliseconds. */
export interface AttemptRule {
  /** So many failures are free. */
  readonly free: number;
  /** After the next one; doubled with each further. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** Failures are forgotten after so long without an attempt. */
  readonly forgetMs: number;
}

export interface StoredSession extends SessionInfo {
  /** Lower-case hex SHA-256 of the cookie's value. */
  readonly hash: string;
  /** Of the user when the session began: another one ends it. */
  readonly role: Role;
  /** What signing out at the provider takes, sealed. */
  readonly sealed: string | undefined;
}

/** A sign-in at a provider that a browser has begun. */
export interface StoredSignIn {
  /** Hash of the cookie of the browser that began it. */
  readonly browserHash: string;
  readonly provider: string;
  /** Verifier, nonce and where to go after, sealed. */
  readonly sealed: string;
  readonly expiresAtMs: number;
}

/** Port: where credentials of people are kept; hashes and sealed text only. SQLite by default, PostgreSQL for replicas. */
export interface AccountStore extends AsyncDisposable {
  password(userId: string): Promise<string | undefined>;
  /** Ends all sessions and voids all invitations of that user in the same step. */
  setPassword(userId: string, hash: string, nowMs: number): Promise<void>;
  /** The same password, hashed anew: only if `before` still stands there. */
  replaceHash(userId: string, before: string, after: string): Promise<void>;
  /** Password, sessions and invitations. */
  forgetUser(userId: string): Promise<void>;

  /** Voids those before. */
  addInvitation(userId: string, tokenHash: string, expiresAtMs: number): Promise<void>;
  /** Whose it is. */
  findInvitation(tokenHash: string, nowMs: number): Promise<string | undefined>;
  /** Takes it out: none is good twice. */
  takeInvitation(tokenHash: string, nowMs: number): Promise<string | undefined>;

  /** Counts a failure beforehand, so that attempts side by side all count; over the rule, none is counted. Returns how long to wait, 0: go on. */
  beginAttempt(subject: string, rule: AttemptRule, nowMs: number): Promise<number>;
  /** That one was no failure. */
  takeBackAttempt(subject: string): Promise<void>;
  clearAttempts(subject: string): Promise<void>;

  addSession(session: StoredSession): Promise<void>;
  /** Whatever its age. */
  findSession(hash: string): Promise<StoredSession | undefined>;
  touchSession(id: string, nowMs: number): Promise<void>;
  /** Newest first. */
  listSessions(userId: string): Promise<readonly StoredSession[]>;
  endSession(userId: string, id: string): Promise<boolean>;
  endSessions(userId: string): Promise<number>;
  /** Takes out what ended before: sessions by `endsAtMs` or unused since `idleSinceMs`, and what else has expired. */
  sweep(nowMs: number, idleSinceMs: number): Promise<void>;

  addSignIn(stateHash: string, signIn: StoredSignIn): Promise<void>;
  /** Takes it out: no state is good twice. Undefined: unknown or expired. */
  takeSignIn(stateHash: string, nowMs: number): Promise<StoredSignIn | undefined>;
}

/** How it ended at the identity provider. */
export type IdentityResult =
  | {
      readonly type: 'identified';
      readonly issuer: string;
      readonly subject: string;
      readonly claims: JsonObject;
      readonly idToken: string;
    }
  /** Their words of an error, as `access_denied`; undefined: it is not to be believed, whatever came. */
  | { readonly type: 'refused'; readonly error: string | undefined; readonly problem: string }
  | { readonly type: 'unavailable'; readonly problem: string };

export interface SignInStart {
  /** Where to send the browser. */
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Port: one OpenID provider. Every errand is bounded to some seconds. */
export interface IdentityProvider {
  readonly name: string;
  /** Rejects if the provider cannot be reached, or says what cannot be used. */
  begin(redirectUrl: string): Promise<SignInStart>;
  /** `callbackUrl`: as the browser came to it. Never rejects. */
  finish(
    callbackUrl: URL,
    expected: { readonly state: string; readonly nonce: string; readonly codeVerifier: string },
  ): Promise<IdentityResult>;
  /** Where one signs out at the provider; undefined: nowhere, or it cannot be reached. */
  signOutUrl(idToken: string, returnUrl: string): Promise<string | undefined>;
}
