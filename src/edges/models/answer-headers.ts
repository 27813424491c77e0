/** Headers on answers to calls of models: who answered, what it took, what was left out. */

import type { ModelCall } from '../../contracts/call.ts';
import type { AnswerHeaders } from '../http/exchange.ts';

/** `whole`: nothing more of the answer is to come, so that usage and cost are final. */
export function answerHeaders(call: ModelCall, whole: boolean): AnswerHeaders {
  const { model: report, priceMicroUsd } = call.facts;
  const headers: { [name: string]: string } = { 'x-request-id': call.id, 'x-portcullis-call-id': call.id };
  if (report?.provider !== undefined) headers['x-portcullis-provider'] = report.provider;
  if (report?.model !== undefined) headers['x-portcullis-model'] = headerText(report.model);
  if (report !== undefined && report.attempts.length > 1)
    headers['x-portcullis-attempts'] = String(report.attempts.length);
  if (report !== undefined && report.dropped.length > 0)
    headers['x-portcullis-dropped'] = headerText(report.dropped.join(', '));
  if (call.kind === 'tokens.count' && report?.usage?.estimated === true) headers['x-portcullis-estimated'] = 'true';
  if (call.facts.leftOutTools !== undefined)
    headers['x-portcullis-left-out-tools'] = headerText(call.facts.leftOutTools.join(', '));
  if (whole && report?.usage !== undefined) {
    headers['x-portcullis-input-tokens'] = String(report.usage.inputTokens);
    headers['x-portcullis-output-tokens'] = String(report.usage.outputTokens);
  }
  if (whole && priceMicroUsd !== undefined) headers['x-portcullis-cost-micro-usd'] = String(priceMicroUsd);
  return headers;
}

const MAX_HEADER_CHARS = 1_024;

/** Visible ASCII only: what stands in a header must not be able to end it. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_HEADER_CHARS);
}
