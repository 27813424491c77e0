/** What the pages for people are made with. */

import type { Sessions } from '../../contracts/accounts.ts';
import type { AuthorizationDesk } from '../../contracts/authorization-server.ts';
import type { ConnectionDesk } from '../../contracts/connections.ts';
import type { SignIns } from '../../contracts/sign-ins.ts';

export interface LoginDeps {
  readonly sessions: Sessions;
  readonly signIns: SignIns;
  /** Accounts at servers; undefined: there are no pages for them. */
  readonly connections?: ConnectionDesk | undefined;
  /** Where somebody goes who has signed in and was on the way to nowhere else. */
  readonly home: string;
  /** Undefined: nobody is asked to let clients in. */
  readonly desk?: AuthorizationDesk | undefined;
}
