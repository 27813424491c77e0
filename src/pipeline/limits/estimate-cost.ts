/** What a call may well cost, before it is made: what its budget sets aside for it. */

import type { Call } from '../../contracts/call.ts';
import type { PricesConfig } from '../../contracts/config.ts';
import { compileToolRules } from '../../domain/tools/tool-rules.ts';

/** Micro-dollars; 0 where nothing has a price. */
export type EstimateCost = (call: Call) => number;

export function createEstimateCost(deps: { readonly prices: PricesConfig | undefined }): EstimateCost {
  const ruleOf = deps.prices && compileToolRules(deps.prices.tools);
  return ({ facts: { serverId, tool } }) => {
    if (ruleOf === undefined || serverId === undefined || tool === undefined) return 0;
    return ruleOf(serverId, tool)?.perCallMicroUsd ?? 0;
  };
}
