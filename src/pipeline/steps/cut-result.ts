/** Step: a tool's result above its bound goes out shortened; the whole is kept for its caller to read. */

import type { Call, McpOutcome, Step } from '../../contracts/call.ts';
import type { ResultsConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { cutResult } from '../../domain/results/cut-result.ts';
import { resultUri } from '../../domain/results/result-uri.ts';
import { endpointKey } from '../../domain/tools/resolve.ts';
import { compileToolRules } from '../../domain/tools/tool-rules.ts';
import { DuplicateMemberError, memberText } from '../../lib/json-text.ts';
import { callerOf } from '../grants.ts';
import type { KeptResults } from '../kept-results.ts';

/** The first revision whose clients know `resource_link`. */
const FIRST_WITH_LINKS = '2025-06-18';

/** Questions and tasks are no results yet. */
function isComplete(text: string): boolean {
  if (!text.includes('"resultType"')) return true;
  const type = memberText(text, 'resultType');
  return type === undefined || type === '"complete"';
}

export function createCutResult(deps: { kept: KeptResults }, config: ResultsConfig): Step {
  const ruleOf = compileToolRules(config.tools);
  const bounds = { keepMs: config.keepMs, maxBytes: config.maxKeptBytes };

  const cut = (call: Call, outcome: McpOutcome, maxBytes: number): McpOutcome => {
    const { text } = outcome;
    const { serverId, tool } = call.facts;
    // A character is one to three bytes, so most results need no counting.
    if (outcome.type !== 'result' || text.length * 3 <= maxBytes || serverId === undefined) return outcome;
    const bytes = Buffer.byteLength(text);
    if (bytes <= maxBytes) return outcome;
    try {
      if (!isComplete(text)) return outcome;
      const endpoint = endpointKey(call.endpoint);
      const { keyId } = callerOf(call);
      const id = deps.kept.keep({ keyId, endpoint, serverId, tool: tool?.name ?? '', text }, bounds);
      const asLink = call.peer.protocolVersion >= FIRST_WITH_LINKS;
      const shortened = cutResult(text, maxBytes, { uri: id && resultUri(id), bytes, asLink });
      return shortened === undefined ? outcome : { type: 'result', text: shortened, isError: outcome.isError };
    } catch (cause) {
      if (!(cause instanceof DuplicateMemberError)) throw cause;
      throw new GatewayError('upstream_failed', 'its result is ambiguous', { cause });
    }
  };

  return (call, next) => {
    const { serverId, tool } = call.facts;
    // A script works with the whole; what comes of it has a bound of its own.
    if (call.surface === 'code') return next();
    const rule = serverId === undefined || tool === undefined ? undefined : ruleOf(serverId, tool);
    if (rule === undefined) return next();
    const outcome = next();
    return outcome instanceof Promise
      ? outcome.then((value) => cut(call, value, rule.maxBytes))
      : cut(call, outcome, rule.maxBytes);
  };
}
