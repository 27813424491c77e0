/** Explains what keys and tokens may do, in the light of the configuration in force, the keys as of now, and where their limits stand. */

import type { Caller } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { DefinitionStore } from '../contracts/definitions.ts';
import type { Explainer, ExplainRequest } from '../contracts/explain.ts';
import type { LimitStore } from '../contracts/limits.ts';
import type { OAuthStore } from '../contracts/oauth-store.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { KeyBody } from '../contracts/shapes/directory.ts';
import { toGrant, toUsageLimits } from '../contracts/shapes/read-shapes.ts';
import type { TargetKind } from '../domain/access/compile-grant.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { createExplain, type Explain } from '../pipeline/explain.ts';
import type { ExplainedCaller } from '../pipeline/explain-caller.ts';
import { createBudgetShare } from '../pipeline/limits/budget-share.ts';
import { type CallerDirectory, findInForce } from './find-caller.ts';
import { findGrantHolder, findTokenCaller } from './find-token-caller.ts';

export function createExplainer(deps: {
  readonly config: () => GatewayConfig;
  readonly directory: CallerDirectory;
  /** What people let clients do; undefined: nobody can. */
  readonly clientGrants?: Pick<OAuthStore, 'findGrant'> | undefined;
  /** Where keys are found that are not in force any more. */
  readonly objects: Pick<ObjectStore, 'find'>;
  readonly definitions: Pick<DefinitionStore, 'list'>;
  readonly limits: Pick<LimitStore, 'used'>;
  readonly catalog: () => Catalog;
  readonly now: () => number;
}): Explainer {
  const linesOf = createLinesOf();
  const budgetShare = createBudgetShare({ limits: deps.limits, linesOf });
  let compiled: { readonly config: GatewayConfig; readonly explain: Explain } | undefined;

  const whyHidden = (kind: TargetKind, serverId: string, name: string): string | undefined => {
    const record = deps.definitions.list(serverId).find((each) => each.kind === kind && each.name === name);
    if (record?.state === 'held') return `its definition is held until somebody approves it (${record.reason})`;
    return record?.state === 'rejected' ? 'its definition was rejected' : undefined;
  };
  const explainNow = (): Explain => {
    const config = deps.config();
    if (compiled?.config !== config)
      compiled = { config, explain: createExplain({ config, now: deps.now, catalog: deps.catalog, whyHidden }) };
    return compiled.explain;
  };
  const findCaller = async ({ who, target, endpoint }: ExplainRequest): Promise<ExplainedCaller | undefined> => {
    const { directory } = deps;
    const config = deps.config();
    if ('grant' in who) return hypothetical(who.grant);
    if ('keyId' in who) return findInForce(directory, config, who.keyId) ?? findBarred(deps.objects, who.keyId);
    if ('token' in who) return findTokenCaller(directory, config, who.token);
    const grant = await deps.clientGrants?.findGrant(who.clientGrantId);
    const place = target.kind === 'model' ? ({ type: 'models' } as const) : (endpoint ?? ({ type: 'all' } as const));
    return grant && findGrantHolder(directory, config, grant, place);
  };

  return {
    async explain(asked) {
      const { who: _, ...request } = asked;
      const caller = await findCaller(asked);
      if (caller === undefined) return undefined;
      const share = request.target.kind === 'model' ? await budgetShare(caller) : undefined;
      const explanation = explainNow()(caller, { ...request, budgetShare: share });
      const lines = linesOf(caller)?.lines ?? [];
      const limits = await Promise.all(lines.map(async (line) => ({ line, used: await deps.limits.used(line) })));
      return { ...explanation, limits };
    },
  };
}

const hypothetical = (grant: Caller['grant']): Caller => ({ keyId: '', keyName: '', grant });

/** A key that nobody may use: it was revoked, has no secret, or somebody it belongs to is gone. */
export async function findBarred(
  objects: Pick<ObjectStore, 'find'>,
  keyId: string,
): Promise<ExplainedCaller | undefined> {
  const object = await objects.find('key', keyId);
  if (object === undefined) return undefined;
  const { name, grant, limits, revokedAtMs } = object.body as KeyBody;
  const barred =
    revokedAtMs === undefined
      ? 'the user, team or organisation it belongs to is gone or switched off'
      : `it was revoked at ${new Date(revokedAtMs).toISOString()}`;
  return { keyId, keyName: name, grant: toGrant(grant), limits: toUsageLimits(limits), barred };
}
