/** Port of signing in and out: what the pages for people need. Who may, and what counts against whom, is decided behind it. */

import type { BrowserRequest, UserActor } from './accounts.ts';

/** How the browser reached us. */
export interface Site {
  /** Scheme, name and port, as the browser has it. */
  readonly origin: string;
  readonly isSecure: boolean;
}

/** A request of a browser, with the address it came from. */
export interface AddressedRequest extends BrowserRequest {
  /** Of the other end of the connection; undefined: it is gone. */
  readonly remoteAddress: string | undefined;
}

export type PasswordSignIn =
  /** `cookie`: value of a Set-Cookie header. */
  | { readonly type: 'signed-in'; readonly cookie: string }
  /** Name, password or both; or there is no such account, or it may not. */
  | { readonly type: 'refused' }
  | { readonly type: 'wait'; readonly waitMs: number }
  | { readonly type: 'busy' };

export type PasswordChange =
  /** Other sessions have ended; this one goes on under the new cookie. */
  | { readonly type: 'changed'; readonly cookie: string }
  /** The new one may not be used; `reason` is for the person. */
  | { readonly type: 'unfit'; readonly reason: string }
  | { readonly type: 'refused' }
  | { readonly type: 'wait'; readonly waitMs: number }
  | { readonly type: 'busy' };

export type InvitationUse =
  | { readonly type: 'set'; readonly userName: string }
  | { readonly type: 'unfit'; readonly reason: string }
  | { readonly type: 'unknown' }
  | { readonly type: 'busy' };

export type ProviderSignIn =
  | { readonly type: 'signed-in'; readonly cookie: string; readonly next: string }
  /** `reason` is for the person. */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'unavailable'; readonly title: string };

export interface SignIns {
  /** Undefined: over a network without https, where nobody may sign in. */
  siteOf(request: BrowserRequest): Site | undefined;
  /** What may be chosen on the sign-in page. */
  ways(): {
    readonly password: boolean;
    readonly providers: readonly { readonly name: string; readonly title: string }[];
  };
  /** Whether there is anybody who could sign in. */
  hasUsers(): Promise<boolean>;
  /** For forms before there is a session: what they have to bring back, and the cookie it goes with if the browser has none. */
  formToken(request: BrowserRequest): { readonly token: string; readonly cookie: string | undefined };
  /** False: the form is not from a page of ours in this browser. */
  checkForm(request: BrowserRequest, token: string): boolean;

  withPassword(request: AddressedRequest, name: string, password: string): Promise<PasswordSignIn>;
  changePassword(request: AddressedRequest, actor: UserActor, before: string, after: string): Promise<PasswordChange>;
  /** Whose password an invitation sets; undefined: unknown, used or too old. */
  invited(token: string): Promise<string | undefined>;
  useInvitation(token: string, password: string): Promise<InvitationUse>;

  /** `next`: path of ours to go to afterwards. */
  beginAt(
    provider: string,
    request: BrowserRequest,
    next: string,
  ): Promise<
    | { readonly type: 'redirect'; readonly url: string; readonly cookie: string | undefined }
    | { readonly type: 'unknown' }
    | { readonly type: 'unavailable'; readonly title: string }
  >;
  /** `search`: what the provider sent the browser back with. */
  finishAt(request: AddressedRequest, search: URLSearchParams): Promise<ProviderSignIn>;

  /** Ends the session of this browser. `provider`: where one may sign out, too. */
  signOut(request: BrowserRequest): Promise<{
    readonly cookie: string;
    readonly provider: { readonly title: string; readonly url: string } | undefined;
  }>;
  /** Whether a password of ours is set. */
  hasPassword(userId: string): Promise<boolean>;
}
