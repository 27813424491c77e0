/** Step: notes what a call cost, once it was made. Stands below the cache, so that nobody pays for what the server never saw. */

import type { Call, McpOutcome, Step } from '../../contracts/call.ts';
import type { PricesConfig } from '../../contracts/config.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import { compileToolRules } from '../../domain/tools/tool-rules.ts';
import { memberText } from '../../lib/json-text.ts';

/** The server had the call, and may have carried it out: what may have been done is paid. */
const PERHAPS_MADE: ReadonlySet<ErrorCode> = new Set([
  'upstream_timeout',
  'upstream_failed',
  'outcome_unknown',
  'cancelled',
]);

/** A tool that reports an error has run. A JSON-RPC error says that it has not; a question, that it has not ended. */
function isMade(outcome: McpOutcome): boolean {
  if (outcome.type === 'rpc-error') return false;
  return !outcome.text.includes('"input_required"') || memberText(outcome.text, 'resultType') !== '"input_required"';
}

export function createPriceCall(config: PricesConfig): Step {
  const ruleOf = compileToolRules(config.tools);
  const onError = (call: Call, error: unknown, priceMicroUsd: number): never => {
    if (error instanceof GatewayError && PERHAPS_MADE.has(error.code)) call.facts.priceMicroUsd = priceMicroUsd;
    throw error;
  };
  const onOutcome = (call: Call, outcome: McpOutcome, priceMicroUsd: number): McpOutcome => {
    if (isMade(outcome)) call.facts.priceMicroUsd = priceMicroUsd;
    return outcome;
  };
  return (call, next) => {
    const { serverId, tool } = call.facts;
    const rule = serverId === undefined || tool === undefined ? undefined : ruleOf(serverId, tool);
    if (rule === undefined) return next();
    const price = rule.perCallMicroUsd;
    const outcome = next();
    if (!(outcome instanceof Promise)) return onOutcome(call, outcome, price);
    return outcome.then(
      (value) => onOutcome(call, value, price),
      (error: unknown) => onError(call, error, price),
    );
  };
}
