/** Headers on answers to calls of models: who answered, what it took, what was left out. */

import type { ModelCall } from '../../contracts/call.ts';
import type { Usage } from '../../contracts/chat.ts';
import type { RateStanding } from '../../contracts/limits.ts';
import type { AnswerHeaders } from '../http/exchange.ts';

/** `whole`: nothing more of the answer is to come, so that usage and cost are final. */
export function answerHeaders(call: ModelCall, whole: boolean): AnswerHeaders {
  const { model: report, run, priceMicroUsd, hidesUsage, standing } = call.facts;
  const headers: { [name: string]: string } = { ...requestIdHeaders(call.id), 'x-portcullis-call-id': call.id };
  if (standing !== undefined) Object.assign(headers, rateHeaders(standing));
  const { provider, model } = report ?? run ?? {};
  if (provider !== undefined) headers['x-portcullis-provider'] = provider;
  if (model !== undefined) headers['x-portcullis-model'] = headerText(model);
  if (report !== undefined && report.attempts.length > 1)
    headers['x-portcullis-attempts'] = String(report.attempts.length);
  if (report !== undefined && report.dropped.length > 0)
    headers['x-portcullis-dropped'] = headerText(report.dropped.join(', '));
  if (call.kind === 'tokens.count' && report?.usage?.estimated === true) headers['x-portcullis-estimated'] = 'true';
  if (call.facts.leftOutTools !== undefined)
    headers['x-portcullis-left-out-tools'] = headerText(call.facts.leftOutTools.join(', '));
  if (call.facts.runId !== undefined) headers['x-portcullis-run'] = call.facts.runId;
  if (call.facts.suggestions !== undefined)
    headers['x-portcullis-suggestions'] = headerText(call.facts.suggestions.map(({ id }) => id).join(', '));
  return whole && hidesUsage !== true
    ? { ...headers, ...usageHeaders(report?.usage ?? run?.usage, priceMicroUsd ?? run?.costMicroUsd) }
    : headers;
}

function usageHeaders(usage: Usage | undefined, priceMicroUsd: number | undefined): AnswerHeaders {
  const headers: { [name: string]: string } = {};
  const tell = (name: string, value: number | undefined): void => {
    if (value !== undefined) headers[`x-portcullis-${name}`] = String(value);
  };
  tell('input-tokens', usage?.inputTokens);
  tell('output-tokens', usage?.outputTokens);
  tell('cached-tokens', usage?.cachedTokens);
  tell('reasoning-tokens', usage?.reasoningTokens);
  if (usage?.estimated) headers['x-portcullis-usage-estimated'] = 'true';
  tell('cost-micro-usd', priceMicroUsd);
  return headers;
}

/** Of the limit that the key is nearest to; seconds. */
function rateHeaders({ max, remaining, resetMs }: RateStanding): AnswerHeaders {
  return {
    'RateLimit-Limit': String(max),
    'RateLimit-Remaining': String(Math.floor(remaining)),
    'RateLimit-Reset': String(Math.ceil(resetMs / 1_000)),
  };
}

const MAX_HEADER_CHARS = 1_024;

/** Visible ASCII only: what stands in a header must not be able to end it. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_HEADER_CHARS);
}

/** Under both names that SDKs look for it. */
export function requestIdHeaders(id: string): { readonly [name: string]: string } {
  return { 'x-request-id': id, 'request-id': id };
}
