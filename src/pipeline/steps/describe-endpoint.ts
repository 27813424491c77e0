/** Last step of session.open: what this endpoint is for this caller. */

import type { Endpoint } from '../../contracts/call.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import { describeEndpoint } from '../../domain/tools/describe.ts';
import type { LastStep } from '../compile.ts';
import { callerOf, type GrantOf } from '../grants.ts';

export function createDescribeEndpoint(deps: {
  grantOf: GrantOf;
  catalog: () => Catalog;
  keepsResults: boolean;
}): LastStep {
  return (call) => {
    const endpoint: Endpoint = call.endpoint;
    const grant = deps.grantOf(callerOf(call), call.narrowing, endpoint);
    return {
      type: 'result',
      text: describeEndpoint(deps.catalog(), endpoint, grant.reaches, call.peer.era, deps.keepsResults),
      isError: false,
    };
  };
}
