/** Approvals as a person reads them, with exactly what would be sent. */

import type { Approval, ApprovalDetail } from '../../contracts/approvals.ts';
import { showExactly } from './show-exactly.ts';
import { type Cell, paint, print, printTable, renderTime, showForeign } from './terminal.ts';

function stateCell(approval: Approval): Cell {
  const { state, votes, needed } = approval;
  const count = votes.filter(({ vote }) => vote === 'approve').length;
  if (state === 'pending') return { text: needed > 1 ? `pending, ${count} of ${needed}` : 'pending', style: 'yellow' };
  return { text: state, style: state === 'approved' || state === 'used' ? 'green' : 'red' };
}

/** One line each. */
export function printApprovals(approvals: readonly Approval[]): void {
  printTable(
    ['ID', 'ASKED', 'UNTIL', 'KEY', 'TOOL', 'STATE', 'RULE'],
    approvals.map((approval) => [
      ...[approval.id, renderTime(approval.requestedAtMs), renderTime(approval.expiresAtMs), approval.keyName],
      ...[`${approval.serverId}/${approval.target}`, stateCell(approval), approval.rule],
    ]),
  );
}

const line = (text: string): string => showExactly(showForeign(text)).replace(/\s+/g, ' ');

/** All that there is to see before one decides. */
export function printApproval({ approval, arguments: asked, editedArguments, recent }: ApprovalDetail): void {
  const { id, state, serverId, target, keyName, userId, rule, message, runId, votes, needed } = approval;
  print(`${paint('bold', id)}  ${state}`);
  print(`tool      ${line(serverId)}/${line(target)}`);
  print(`key       ${line(keyName)}${userId === undefined ? '' : ` of user ${userId}`}`);
  print(`because   ${line(rule)}${message === undefined ? '' : `: ${line(message)}`}`);
  print(`asked     ${renderTime(approval.requestedAtMs)}, until ${renderTime(approval.expiresAtMs)}`);
  print(`run       ${runId}`);
  printArguments(editedArguments === undefined ? 'arguments' : 'arguments as asked for', asked);
  if (editedArguments !== undefined) printArguments('arguments that are sent instead', editedArguments);
  for (const { vote, approver, via, atMs, reason } of votes) {
    const why = reason === undefined ? '' : `: ${line(reason)}`;
    print(
      `${vote === 'approve' ? 'approved' : 'rejected'} by ${line(approver.name)} (${via}) ${renderTime(atMs)}${why}`,
    );
  }
  if (needed > 1) print(`${needed} approvals are needed`);
  if (recent.length === 0) return;
  print('the same run also wanted');
  for (const { atMs, name, verdict, state: became } of recent)
    print(`  ${renderTime(atMs)}  ${line(name)}  rules: ${verdict}  ${became}`);
}

function printArguments(heading: string, text: string | undefined): void {
  print(heading);
  const shown = text === undefined ? 'they cannot be opened here' : showExactly(text);
  for (const each of shown.split('\n')) print(`  ${each}`);
}
