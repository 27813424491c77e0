/** What operations of the admin API may use: ports only. */

import type { AdminAccounts, AdminRules } from '../../contracts/admin.ts';
import type {
  AdminCatalogue,
  AdminDefinitions,
  AdminSpend,
  AdminTrail,
  FileObject,
  LimitStanding,
} from '../../contracts/admin-ports.ts';
import type { ApprovalDesk } from '../../contracts/approvals.ts';
import type { OAuthGrantDesk } from '../../contracts/authorization-server.ts';
import type { ConfigObjects } from '../../contracts/config-objects.ts';
import type { Explainer } from '../../contracts/explain.ts';
import type { ObjectKind, ObjectStore } from '../../contracts/objects.ts';
import type { RunDesk } from '../../contracts/runs.ts';

export interface AdminDeps {
  readonly objects: ObjectStore;
  readonly rules: AdminRules;
  readonly accounts: AdminAccounts;
  /** What the configuration file owns of a kind. */
  readonly fileObjects: (kind: ObjectKind) => readonly FileObject[];
  readonly trail: AdminTrail;
  readonly spend: AdminSpend;
  readonly catalogue: AdminCatalogue;
  readonly definitions: AdminDefinitions;
  readonly oauthGrants: OAuthGrantDesk;
  /** Resolves to undefined where no such key is in force. Undefined itself: nothing can tell; then there is no such operation. */
  readonly standings: ((keyId: string) => Promise<readonly LimitStanding[] | undefined>) | undefined;
  /** Undefined: there is only the file; then there are no such operations. */
  readonly config: ConfigObjects | undefined;
  /** Undefined: nobody can; then there is no such operation. */
  readonly explain: Explainer | undefined;
  /** Undefined: nobody keeps any; then there are no such operations. */
  readonly runs: RunDesk | undefined;
  /** As `runs`. */
  readonly approvals: ApprovalDesk | undefined;
  readonly identity: { readonly name: string; readonly version: string };
}
