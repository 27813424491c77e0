/** Every operation of the admin API. A new resource is a line here. */

import type { AdminDeps } from './admin-deps.ts';
import type { Operation } from './define-operation.ts';
import { createAboutOperations } from './resources/about.ts';
import { adminTokenOperations } from './resources/admin-tokens.ts';
import { approvalOperations } from './resources/approvals.ts';
import { catalogueOperations } from './resources/catalogue.ts';
import { changeOperations } from './resources/changes.ts';
import { configOperations } from './resources/config-objects.ts';
import { definitionOperations } from './resources/definitions.ts';
import { explainOperations } from './resources/explain.ts';
import { keyOperations } from './resources/keys.ts';
import { oauthGrantOperations } from './resources/oauth-grants.ts';
import { organizationOperations, teamOperations } from './resources/organizations.ts';
import { ownKeyOperations } from './resources/own-keys.ts';
import { runOperations } from './resources/runs.ts';
import { standingApprovalOperations } from './resources/standing-approvals.ts';
import { trailOperations } from './resources/trail.ts';
import { userOperations } from './resources/users.ts';

const RESOURCES: readonly Operation[] = [
  ...ownKeyOperations,
  ...organizationOperations,
  ...teamOperations,
  ...userOperations,
  ...keyOperations,
  ...adminTokenOperations,
  ...configOperations,
  ...catalogueOperations,
  ...definitionOperations,
  ...trailOperations,
  ...changeOperations,
  ...explainOperations,
  ...approvalOperations,
  ...standingApprovalOperations,
  ...runOperations,
  ...oauthGrantOperations,
];

/** Those whose ports are there. */
export function listOperations(
  has: { readonly [port in 'standings' | 'config' | 'explain' | 'runs' | 'approvals']: boolean },
): readonly Operation[] {
  const resources = RESOURCES.filter(({ needs }) => needs === undefined || has[needs]);
  return [...createAboutOperations(resources), ...resources];
}

/** Those that can be served with these. */
export function operationsFor({ standings, config, explain, runs, approvals }: AdminDeps): readonly Operation[] {
  return listOperations({
    standings: standings !== undefined,
    config: config !== undefined,
    explain: explain !== undefined,
    runs: runs !== undefined,
    approvals: approvals !== undefined,
  });
}
