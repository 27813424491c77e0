/** Approvals: calls of tools that wait for a person, what exactly they would send, and the votes. */

import { z } from 'zod';
import type { Approval, ApprovalDesk, ApprovalDetail, VoteRefusal } from '../../../contracts/approvals.ts';
import { type ErrorCode, GatewayError } from '../../../contracts/errors.ts';
import { defineOperation, type Operation, type OperationRequest } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { faultyBody } from '../problem.ts';
import { IdParams, NoParams, NoQuery } from './words.ts';

const STATES = ['pending', 'approved', 'rejected', 'expired', 'used'] as const;

const VoteView = z.strictObject({
  approver: z.strictObject({
    type: z.enum(['user', 'admin-token', 'operator', 'client']),
    id: z.string(),
    name: z.string(),
  }),
  via: z.enum(['api', 'console', 'cli', 'elicitation']),
  atMs: z.int(),
  vote: z.enum(['approve', 'reject']),
  reason: z.string().optional(),
});

const ApprovalView = z.strictObject({
  ...{ id: z.string(), version: z.int(), suggestionId: z.string() },
  runId: z.string().describe('Run or conversation it belongs to.'),
  ...{ keyId: z.string(), keyName: z.string() },
  userId: z.string().optional().describe('User of the key that called.'),
  serverId: z.string(),
  target: z.string().describe("The server's own name of the tool."),
  name: z.string().describe('As the caller knows it.'),
  argumentsHash: z.string().describe('SHA-256 of the canonical arguments that will be sent, base64url.'),
  isEdited: z.boolean().describe('Somebody who approved it changed the arguments.'),
  rule: z.string().describe('The rule that asks.'),
  message: z.string().optional().describe('What the rule says.'),
  ...{ requestedAtMs: z.int(), expiresAtMs: z.int() },
  state: z.enum(STATES).describe('`used`: carried out, or being carried out.'),
  needed: z.int().describe('Approvals it takes.'),
  votes: z.array(VoteView),
  usedBy: z.string().optional().describe('Call that carried it out.'),
});

const DetailView = ApprovalView.extend({
  arguments: z
    .string()
    .nullable()
    .describe('JSON, exactly as it was asked for. Null: it cannot be opened any more, or your role does not vote.'),
  editedArguments: z
    .string()
    .nullable()
    .describe('JSON: what is sent instead. Null: nothing was changed, or your role does not vote.'),
  recent: z
    .array(
      z.strictObject({
        ...{ suggestionId: z.string(), atMs: z.int(), serverId: z.string(), name: z.string() },
        ...{ verdict: z.string(), state: z.string() },
      }),
    )
    .describe('What else the same run or conversation wanted, the newest first; at most 20.'),
});

/** Without what only the gateway needs of it. JSON: what is undefined is not there. */
function viewOf({ sealedArguments: _, definitionHash: __, edited, ...approval }: Approval): object {
  const argumentsHash = edited?.argumentsHash ?? approval.argumentsHash;
  return JSON.parse(JSON.stringify({ ...approval, argumentsHash, isEdited: edited !== undefined }));
}

function viewOfDetail({ approval, recent, ...detail }: ApprovalDetail): object {
  return {
    ...viewOf(approval),
    ...{ arguments: detail.arguments ?? null, editedArguments: detail.editedArguments ?? null },
    recent: recent.map(({ id, atMs, serverId, name, verdict, state }) => ({
      ...{ suggestionId: id, atMs, serverId, name, verdict, state },
    })),
  };
}

const unknownApproval = (id: string): GatewayError => new GatewayError('unknown_object', `approval ${id}`);

function deskOf(desk: ApprovalDesk | undefined): ApprovalDesk {
  if (desk === undefined) throw new GatewayError('internal');
  return desk;
}

const REFUSALS: { readonly [refusal in Exclude<VoteRefusal, 'bad-arguments'>]: readonly [ErrorCode, string] } = {
  unknown: ['unknown_object', 'there is no such approval'],
  'not-pending': ['conflict', 'it was decided already, or its time is over'],
  own: ['forbidden', 'nobody decides about what they called for themselves: somebody else has to'],
  twice: ['conflict', 'you voted on it before, and it takes somebody else'],
  client: ['forbidden', 'whoever made the call cannot approve it'],
  unsealable: ['conflict', 'other arguments cannot be kept here: set PORTCULLIS_MASTER_KEY'],
  busy: ['conflict', 'others voted at the same time: look at it and try again'],
};

const reason = z.string().max(2_000).optional();
const ApproveBody = z.strictObject({
  arguments: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What is sent instead of what was asked for. Default: what was asked for, or edited before.'),
  reason: reason.describe('For the record.'),
});
const RejectBody = z.strictObject({ reason: reason.describe('For whoever called, and the record.') });

type VoteBody = { readonly reason?: string | undefined; readonly arguments?: unknown };

async function castVote(
  approvals: ApprovalDesk | undefined,
  vote: 'approve' | 'reject',
  request: OperationRequest<{ readonly id: string }, unknown, VoteBody>,
): Promise<{ readonly body: object; readonly version: number }> {
  const desk = deskOf(approvals);
  const { id } = request.params;
  const { actor, body, ifVersion } = request;
  const before = await desk.inspect(id);
  if (before === undefined) throw unknownApproval(id);
  const { approval } = before;
  if (ifVersion !== undefined && ifVersion !== approval.version)
    throw new GatewayError('changed_meanwhile', `approval ${id} is in version ${approval.version} by now`);
  // Nobody approves of arguments that somebody else changed after they looked.
  if (vote === 'approve' && approval.edited !== undefined && body.arguments === undefined && ifVersion === undefined)
    throw new GatewayError('version_required', 'its arguments were changed: say with If-Match which version you saw');
  const outcome = await desk.vote({
    ...{ id, vote, reason: body.reason, approver: { type: actor.type, id: actor.id, name: actor.name } },
    via: actor.type === 'user' ? 'console' : 'api',
    edited: body.arguments === undefined ? undefined : JSON.stringify(body.arguments),
  });
  if (outcome.type === 'counted') return { body: viewOf(outcome.approval), version: outcome.approval.version };
  if (outcome.refusal === 'bad-arguments')
    throw faultyBody('/arguments', 'expected one JSON object of bounded length, without a member twice');
  const [code, detail] = REFUSALS[outcome.refusal];
  throw new GatewayError(code, detail);
}

const PROBLEMS: readonly ErrorCode[] = ['unknown_object', 'conflict', 'changed_meanwhile', 'version_required'];
const words = { tag: 'approvals', status: 200, needs: 'approvals' } as const;

export const approvalOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'listApprovals', method: 'GET', path: '/approvals', permission: 'trail:read' },
    ...{ summary: 'List calls of tools that wait for a person, or did; the newest first', params: NoParams },
    query: z.strictObject({
      ...PageQuery,
      state: z.enum(STATES).optional().describe('Only those in this state.'),
      key: z.string().min(1).max(200).optional().describe('Only calls of this key: its id.'),
      server: z.string().min(1).max(200).optional().describe('Only calls to this server.'),
      run: z.string().min(1).max(200).optional().describe('Only those of this run or conversation.'),
    }),
    ...{ answer: pageOf(ApprovalView), precondition: 'none', problems: ['invalid_cursor'] },
    async handle({ approvals }, { query: { limit, cursor, state, key, server, run } }) {
      const afterId = cursor === undefined ? undefined : decodeCursor('approvals', cursor);
      if (typeof afterId === 'number') throw new GatewayError('invalid_cursor');
      const filter = { state, keyId: key, serverId: server, runId: run, afterId };
      const found = await deskOf(approvals).list({ ...filter, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last ? encodeCursor('approvals', last.id) : undefined;
      return { body: { items: page.map(viewOf), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getApproval', method: 'GET', path: '/approvals/{id}', permission: 'trail:read' },
    ...{ summary: 'Read one approval, with exactly what would be sent', params: IdParams, query: NoQuery },
    ...{ answer: DetailView, precondition: 'none', problems: ['unknown_object'] },
    async handle({ approvals, rules }, { params, actor }) {
      const detail = await deskOf(approvals).inspect(params.id);
      if (detail === undefined) throw unknownApproval(params.id);
      // The trail may keep them redacted, or not at all: they are for who decides.
      const shown = rules.allows(actor.role, 'approve')
        ? detail
        : { ...detail, arguments: undefined, editedArguments: undefined };
      return { body: viewOfDetail(shown), version: detail.approval.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'approveApproval', method: 'POST', path: '/approvals/{id}/approve', permission: 'approve' },
    ...{ summary: 'Approve a call as it is, or with other arguments', params: IdParams, query: NoQuery },
    ...{ body: ApproveBody, answer: ApprovalView, precondition: 'optional', problems: PROBLEMS },
    handle: ({ approvals }, request) => castVote(approvals, 'approve', request),
  }),
  defineOperation({
    ...{ ...words, id: 'rejectApproval', method: 'POST', path: '/approvals/{id}/reject', permission: 'approve' },
    ...{ summary: 'Reject a call', params: IdParams, query: NoQuery },
    ...{ body: RejectBody, answer: ApprovalView, precondition: 'optional', problems: PROBLEMS },
    handle: ({ approvals }, request) => castVote(approvals, 'reject', request),
  }),
];
