/** Explains what keys may do, in the light of the configuration in force, the keys as of now, and where their limits stand. */

import type { Caller, KeyDirectory } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { Explainer } from '../contracts/explain.ts';
import type { LimitStore } from '../contracts/limits.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { createExplain, type Explain } from '../pipeline/explain.ts';
import { findCaller } from './find-caller.ts';

export function createExplainer(deps: {
  readonly config: () => GatewayConfig;
  readonly directory: Pick<KeyDirectory, 'keys' | 'aboveUser'>;
  readonly limits: Pick<LimitStore, 'used'>;
  readonly catalog: () => Catalog;
  readonly now: () => number;
}): Explainer {
  const linesOf = createLinesOf();
  let compiled: { readonly config: GatewayConfig; readonly explain: Explain } | undefined;
  const explainNow = (): Explain => {
    const config = deps.config();
    if (compiled?.config !== config) {
      const definitionOf = (server: string, tool: string) =>
        deps.catalog().servers.get(server)?.byName.tools.get(tool)?.tool?.text;
      compiled = { config, explain: createExplain({ config, now: deps.now, definitionOf }) };
    }
    return compiled.explain;
  };

  return {
    async explain({ who, ...request }) {
      const caller = 'grant' in who ? hypothetical(who.grant) : findCaller(deps.directory, deps.config(), who.keyId);
      if (caller === undefined) return undefined;
      const explanation = explainNow()(caller, request);
      const lines = linesOf(caller)?.lines ?? [];
      const limits = await Promise.all(lines.map(async (line) => ({ line, used: await deps.limits.used(line) })));
      return { ...explanation, limits };
    },
  };
}

const hypothetical = (grant: Caller['grant']): Caller => ({ keyId: '', keyName: '', grant });
