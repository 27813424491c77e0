/** The question to whoever sits at an MCP client: may this call be made. */

import type { Approval, ApprovalVote } from '../../contracts/approvals.ts';
import type { Call } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { argumentsText, paramsOf } from '../intent.ts';

const MAX_SHOWN_CHARS = 4_000;
/** Key of the question where several may be asked at once. */
export const APPROVAL_QUESTION = 'portcullis-approval';

export type ClientAnswer = Pick<ApprovalVote, 'vote' | 'reason'>;

/** Whether it can show a form to a person. */
export function takesForms({ capabilities }: Pick<ClientPeer, 'capabilities'>): boolean {
  const declared: unknown = JSON.parse(capabilities);
  const elicitation = isObject(declared) ? declared.elicitation : undefined;
  return isObject(elicitation) && (isObject(elicitation.form) || !isObject(elicitation.url));
}

/** `params` of elicitation/create. */
export function questionOf(call: Call, { rule, message, expiresAtMs }: Approval): JsonText {
  const shown = argumentsText(paramsOf(call)) ?? '{}';
  const cut =
    shown.length > MAX_SHOWN_CHARS ? `${shown.slice(0, MAX_SHOWN_CHARS)}… (${shown.length} characters)` : shown;
  const lines = [
    `The tool "${call.facts.target}" of the server "${call.facts.serverId}" is to be called with ${showPlainly(cut)}.`,
    `The rule "${rule}" wants a person to approve that${message === undefined ? '' : `: ${showPlainly(message)}`}.`,
    `The approval can be given until ${new Date(expiresAtMs).toISOString()}.`,
  ];
  return JSON.stringify({
    message: lines.join('\n'),
    requestedSchema: {
      type: 'object',
      properties: {
        decision: { type: 'string', title: 'Decision', enum: ['approve', 'reject'] },
        reason: {
          type: 'string',
          title: 'Reason',
          description: 'For whoever called, if you reject it.',
          maxLength: 500,
        },
      },
      required: ['decision'],
    },
  });
}

/** What steers terminals, or turns text around, must not make the question look like another one. */
function showPlainly(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Undefined: nobody decided. */
export function answerOf(result: unknown): ClientAnswer | undefined {
  if (!isObject(result)) return undefined;
  const content = isObject(result.content) ? result.content : {};
  const reason = typeof content.reason === 'string' && content.reason !== '' ? content.reason.slice(0, 500) : undefined;
  if (result.action === 'decline') return { vote: 'reject', reason };
  if (result.action !== 'accept') return undefined;
  if (content.decision === 'approve') return { vote: 'approve', reason };
  return content.decision === 'reject' ? { vote: 'reject', reason } : undefined;
}
