/** Tells the operator of toolset entries that name nothing: a misspelling, or a tool that its server no longer has. */

import type { GatewayConfig } from '../contracts/config.ts';
import type { Log } from '../contracts/log.ts';
import type { LiveCatalog } from '../pipeline/live-catalog.ts';

/** Each entry is told of once, and again only after it had been there. */
export function reportToolsets(deps: {
  readonly catalog: LiveCatalog;
  readonly config: () => GatewayConfig;
  readonly log: Log;
}): void {
  let told = new Set<string>();
  deps.catalog.onChange(() => {
    const toolsets = deps.config().toolsets ?? [];
    if (toolsets.length === 0) return;
    const missing = new Set<string>();
    for (const { name } of toolsets) {
      for (const entry of deps.catalog.current().toolsets.get(name)?.missing ?? []) {
        const key = `${name}\0${entry}`;
        missing.add(key);
        if (!told.has(key))
          deps.log.warn('a toolset names something its server does not have', { toolset: name, entry });
      }
    }
    told = missing;
  });
}
