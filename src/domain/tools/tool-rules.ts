/** Settings that the configuration gives by pattern, and which of them a tool gets. */

import type { ToolRule } from '../../contracts/config.ts';
import type { OfferedTool } from '../../contracts/upstream.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

/** Undefined: no pattern fits. Looked for once per tool as its server lists it. */
export type RuleOf<T> = (serverId: string, tool: OfferedTool) => T | undefined;

/** More characters that stand for themselves make a pattern more specific; of equals the first one counts. */
function weigh({ server, tool }: Pick<ToolRule<unknown>, 'server' | 'tool'>): number {
  return `${server}${tool}`.replaceAll('*', '').length;
}

/** The most specific pattern that fits a tool decides. */
export function compileToolRules<T>(rules: readonly ToolRule<T>[]): RuleOf<T> {
  const bySpecificity = rules.toSorted((a, b) => weigh(b) - weigh(a));
  const known = new Map<string, WeakMap<OfferedTool, ToolRule<T> | 'none'>>();
  const find = (serverId: string, tool: OfferedTool): ToolRule<T> | 'none' =>
    bySpecificity.find((rule) => matchesWildcard(rule.server, serverId) && matchesWildcard(rule.tool, tool.name)) ??
    'none';
  return (serverId, tool) => {
    let ofServer = known.get(serverId);
    if (ofServer === undefined) {
      ofServer = new WeakMap();
      known.set(serverId, ofServer);
    }
    let rule = ofServer.get(tool);
    if (rule === undefined) {
      rule = find(serverId, tool);
      ofServer.set(tool, rule);
    }
    return rule === 'none' ? undefined : rule.value;
  };
}
