/** Whether somebody may call at all, from there and then, as the step `identify` decides it; said with its reasons. */

import type { Caller } from '../contracts/caller.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { ExplainedRule } from '../contracts/explain.ts';
import { checkPlaces, compilePlaces } from '../domain/access/check-place.ts';
import { covers, scopeFor } from '../domain/access/scopes.ts';
import { parseAddress } from '../lib/network.ts';

/** A caller that is asked about. One that the keyring would not know (any more) can be asked about, too. */
export type ExplainedCaller = Caller & {
  /** Epoch milliseconds. Undefined: never. */
  readonly expiresAtMs?: number | undefined;
  /** Why the key or token is good for nothing: it was revoked, or somebody it belongs to is gone. Undefined: it is not so. */
  readonly barred?: string | undefined;
  /** What is answered then; undefined: `unauthenticated`. */
  readonly barredAs?: 'unknown_subject' | undefined;
  /** Of a token: what it may be used for. Undefined: a key, which is for everything. */
  readonly scopes?: readonly string[] | undefined;
};

/** Why the way of a call ends there. */
export interface End {
  readonly verdict: 'refused' | 'unknown';
  readonly code: ErrorCode | undefined;
  readonly reason: string;
}

/** Notes in `rules` what was looked at. Undefined: the key or token is in force. */
export function explainKey(caller: ExplainedCaller, atMs: number, rules: ExplainedRule[]): End | undefined {
  const { keyId, keyName, expiresAtMs, barred, barredAs, scopes } = caller;
  const isExpired = expiresAtMs !== undefined && expiresAtMs <= atMs;
  if (barred === undefined && !isExpired) return undefined;
  const expired = isExpired ? `it expired at ${new Date(expiresAtMs).toISOString()}` : '';
  const what = scopes === undefined ? `the key "${keyName}"` : `a token of "${keyName}"`;
  const reason = `${what} is not in force: ${barred ?? expired}`;
  const level = { type: 'key', id: keyId, name: keyName } as const;
  const rule = barred === undefined ? 'expiresAt' : undefined;
  rules.push({ step: 'identify', level, rule, verdict: 'refuses', reason });
  return {
    verdict: 'refused',
    code: barred === undefined ? 'unauthenticated' : (barredAs ?? 'unauthenticated'),
    reason,
  };
}

const CALLS = { tool: 'tools.call', prompt: 'prompts.get', resource: 'resources.read', model: 'chat' } as const;

/** Notes in `rules` what was looked at. Undefined: a call of that kind is within what the token is for. */
export function explainScope(
  { scopes }: ExplainedCaller,
  kind: keyof typeof CALLS,
  rules: ExplainedRule[],
): End | undefined {
  if (scopes === undefined) return undefined;
  const needed = scopeFor(CALLS[kind]);
  const isCovered = covers(scopes, needed);
  const reason = isCovered
    ? 'the token is for it'
    : `the token is for ${scopes.join(' ') || 'nothing'}, and this needs ${needed}`;
  const verdict = isCovered ? 'passes' : 'refuses';
  rules.push({ step: 'identify', level: undefined, rule: `scope ${needed}`, verdict, reason });
  return isCovered ? undefined : { verdict: 'refused', code: 'insufficient_scope', reason };
}

/** Notes in `rules` what was looked at. Undefined: networks and hours let the call by. */
export function explainPlace(
  caller: Caller,
  from: string | undefined,
  atMs: number,
  rules: ExplainedRule[],
): End | undefined {
  const address = from === undefined ? undefined : parseAddress(from);
  for (const each of compilePlaces(caller)) {
    const { level, networks, hours } = each;
    const base = { step: 'identify', level } as const;
    const isUnknown = networks !== undefined && from === undefined;
    const refusal = checkPlaces([isUnknown ? { ...each, networks: undefined } : each], address, atMs);
    if (refusal !== undefined) {
      const what =
        refusal.code === 'outside_network'
          ? 'the address is in none of its networks'
          : 'the time is not within its hours';
      const reason = `${what}: ${refusal.rule} (${level.type} "${level.name}")`;
      rules.push({ ...base, rule: refusal.rule, verdict: 'refuses', reason });
      return { verdict: 'refused', code: refusal.code, reason };
    }
    if (isUnknown) {
      const reason = 'where the call comes from was not given, and this bounds it';
      rules.push({ ...base, rule: networks.rule, verdict: 'unknown', reason });
      return { verdict: 'unknown', code: undefined, reason };
    }
    if (networks !== undefined)
      rules.push({ ...base, rule: networks.rule, verdict: 'passes', reason: 'it holds the address' });
    if (hours !== undefined) rules.push({ ...base, rule: hours.rule, verdict: 'passes', reason: 'it holds the time' });
  }
  return undefined;
}
