/** Explains what keys may do, in the light of the configuration in force, the keys as of now, and where their limits stand. */

import type { Caller, KeyDirectory } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { Explainer } from '../contracts/explain.ts';
import type { LimitStore } from '../contracts/limits.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { readFileKey } from '../pipeline/directory/file-key.ts';
import { createExplain, type Explain } from '../pipeline/explain.ts';

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

/** A key of the store or of the file, by its id; those that are revoked or expired are none, nor are those of users who are gone. */
function findCaller(
  directory: Pick<KeyDirectory, 'keys' | 'aboveUser'>,
  { keys }: Pick<GatewayConfig, 'keys'>,
  keyId: string,
): Caller | undefined {
  for (const { key } of directory.keys()) if (key.keyId === keyId) return key;
  const ofFile = keys.find(({ name }) => `config:${name}` === keyId);
  return ofFile && readFileKey(ofFile, directory);
}
