/** Headers on answers to calls of models: who answered, what it took, what was left out. */

import type { ModelCall } from '../../contracts/call.ts';
import type { Usage } from '../../contracts/chat.ts';
import type { RateStanding } from '../../contracts/limits.ts';
import { isVisibleAscii } from '../../lib/is-visible-ascii.ts';
import type { AnswerHeaders } from '../http/exchange.ts';

type Headers = { [name: string]: string };

/** `whole`: nothing more of the answer is to come, so that usage and cost are final. */
export function answerHeaders({ id, kind, facts }: ModelCall, whole: boolean): AnswerHeaders {
  const { model: report, run, standing } = facts;
  const headers = requestIdHeaders(id);
  headers['x-portcullis-call-id'] = id;
  if (standing !== undefined) addRate(headers, standing);
  const { provider, model } = report ?? run ?? {};
  if (provider !== undefined) headers['x-portcullis-provider'] = provider;
  if (model !== undefined) headers['x-portcullis-model'] = headerText(model);
  if (report !== undefined) {
    const { attempts, dropped } = report;
    if (attempts.length > 1) headers['x-portcullis-attempts'] = String(attempts.length);
    if (dropped.length > 0) headers['x-portcullis-dropped'] = headerText(dropped.join(', '));
    if (kind === 'tokens.count' && report.usage?.estimated === true) headers['x-portcullis-estimated'] = 'true';
  }
  if (facts.leftOutTools !== undefined)
    headers['x-portcullis-left-out-tools'] = headerText(facts.leftOutTools.join(', '));
  if (facts.runId !== undefined) headers['x-portcullis-run'] = facts.runId;
  if (facts.suggestions !== undefined)
    headers['x-portcullis-suggestions'] = headerText(facts.suggestions.map((each) => each.id).join(', '));
  if (whole && facts.hidesUsage !== true)
    addUsage(headers, report?.usage ?? run?.usage, facts.priceMicroUsd ?? run?.costMicroUsd);
  return headers;
}

function addUsage(headers: Headers, usage: Usage | undefined, priceMicroUsd: number | undefined): void {
  if (usage !== undefined) {
    headers['x-portcullis-input-tokens'] = String(usage.inputTokens);
    headers['x-portcullis-output-tokens'] = String(usage.outputTokens);
    if (usage.cachedTokens !== undefined) headers['x-portcullis-cached-tokens'] = String(usage.cachedTokens);
    if (usage.reasoningTokens !== undefined) headers['x-portcullis-reasoning-tokens'] = String(usage.reasoningTokens);
    if (usage.estimated) headers['x-portcullis-usage-estimated'] = 'true';
  }
  if (priceMicroUsd !== undefined) headers['x-portcullis-cost-micro-usd'] = String(priceMicroUsd);
}

/** Of the limit that the key is nearest to; seconds. */
function addRate(headers: Headers, { max, remaining, resetMs }: RateStanding): void {
  headers['RateLimit-Limit'] = String(max);
  headers['RateLimit-Remaining'] = String(Math.floor(remaining));
  headers['RateLimit-Reset'] = String(Math.ceil(resetMs / 1_000));
}

const MAX_HEADER_CHARS = 1_024;

/** Visible ASCII only: what stands in a header must not be able to end it. */
function headerText(text: string): string {
  if (text.length <= MAX_HEADER_CHARS && isVisibleAscii(text)) return text;
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_HEADER_CHARS);
}

/** Under both names that SDKs look for it. */
export function requestIdHeaders(id: string): Headers {
  return { 'x-request-id': id, 'request-id': id };
}
