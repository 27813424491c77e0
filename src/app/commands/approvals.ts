/** `portcullis approvals list|show|approve|reject`: calls of tools that wait for a person, beside a running gateway. */

import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Approval, ApprovalDesk, ApprovalDetail, ApprovalState, VoteRefusal } from '../../contracts/approvals.ts';
import { createApprovalDesk } from '../../pipeline/approvals/approval-desk.ts';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import type { Stores } from '../open-stores.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { findDatabase, withStores } from './command-stores.ts';
import { confirm } from './confirm.ts';
import { readSealingConfig } from './open-command-sealing.ts';
import { commandOrigin } from './open-objects.ts';
import { printApproval, printApprovals } from './render-approvals.ts';
import { type DataOptions, resolveDataDir, withDataOptions } from './shared-options.ts';
import { standingApprovalsCommand } from './standing-approvals.ts';
import { paint, print, printJson, printNote } from './terminal.ts';

interface ListOptions extends DataOptions {
  readonly state?: ApprovalState;
  readonly all?: boolean;
  readonly server?: string;
  readonly key?: string;
  readonly run?: string;
  readonly limit: string;
  readonly json?: boolean;
}

interface VoteOptions extends DataOptions {
  readonly reason?: string;
  readonly arguments?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const STATES: readonly ApprovalState[] = ['pending', 'approved', 'rejected', 'expired', 'used'];
const MAX_LISTED = 500;
const REMEDY = 'See `portcullis approvals list`.';

const REFUSALS: { readonly [refusal in VoteRefusal]: string } = {
  unknown: 'there is no such approval',
  'not-pending': 'it was decided already, or its time is over',
  own: 'nobody decides about what they called for themselves',
  twice: 'you voted on it before, and it takes somebody else',
  client: 'whoever made the call cannot approve it',
  'bad-arguments': '--arguments wants one JSON object of bounded length, without a member twice',
  unsealable: 'other arguments cannot be kept here: set PORTCULLIS_MASTER_KEY as the gateway has it',
  busy: 'others voted at the same time: look at it and try again',
};

async function withDesk<T>(options: DataOptions, use: (desk: ApprovalDesk) => Promise<T>): Promise<T> {
  const isShared = (await findDatabase(options)) !== undefined;
  const dataDir = resolveDataDir(options);
  return withStores(options, async (stores) => {
    const sealing = openSealing({ dataDir, config: await readSealingConfig(options), isShared, makesNoKey: true });
    return useDesk(stores, sealing.forRecords, use);
  });
}

async function useDesk<T>(
  stores: Stores,
  sealer: ReturnType<typeof openSealing>['forRecords'],
  use: (desk: ApprovalDesk) => Promise<T>,
): Promise<T> {
  const noted: Promise<void>[] = [];
  const desk = createApprovalDesk({
    ...{ approvals: await stores.approvals(), suggestions: await stores.suggestions(), sealer, now: Date.now },
    // Whoever may write the data folder, or the database, is somebody else than any user and any client.
    config: () => ({ fourEyes: true }),
    trail: {
      record({ kind, serverId, name, target, arguments: details, runId, suggestionId }) {
        noted.push(stores.append({ kind, serverId, name, target, arguments: details, runId, suggestionId }));
      },
    },
  });
  const done = await use(desk);
  await Promise.all(noted);
  return done;
}

async function runList({ all = false, json = false, server, key, run, ...options }: ListOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!(Number.isSafeInteger(limit) && limit > 0 && limit <= MAX_LISTED))
    throw new CommandError(EXIT.usage, `--limit wants a number from 1 to ${MAX_LISTED}`);
  const state = options.state ?? (all ? undefined : 'pending');
  const filter = { state, serverId: server, keyId: key, runId: run, limit };
  const found = await withStores(options, async (stores) => (await stores.approvals()).list(filter));
  if (json) return printJson(found.map(publicApproval));
  if (found.length > 0) return printApprovals(found);
  printNote(state === 'pending' ? 'Nothing waits for anybody (--all shows what did).' : 'No approvals match.');
}

function publicApproval({ sealedArguments: _, definitionHash: __, edited, ...approval }: Approval): object {
  return {
    ...approval,
    argumentsHash: edited?.argumentsHash ?? approval.argumentsHash,
    isEdited: edited !== undefined,
  };
}

async function inspect(desk: ApprovalDesk, id: string): Promise<ApprovalDetail> {
  const detail = await desk.inspect(id);
  if (detail === undefined) throw new CommandError(EXIT.failed, `there is no approval ${JSON.stringify(id)}`, REMEDY);
  return detail;
}

async function runShow(id: string, options: DataOptions & { readonly json?: boolean }): Promise<void> {
  const detail = await withDesk(options, (desk) => inspect(desk, id));
  const { approval, recent, ...texts } = detail;
  if (!options.json) return printApproval(detail);
  const others = recent.map(({ id: suggestionId, atMs, serverId, name, verdict, state }) => ({
    ...{ suggestionId, atMs, serverId, name, verdict, state },
  }));
  printJson({
    ...publicApproval(approval),
    ...{ arguments: texts.arguments ?? null, editedArguments: texts.editedArguments ?? null, recent: others },
  });
}

/** As it was written: what is sent is what was typed. */
function readArguments(given: string): string {
  if (!given.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `--arguments: ${messageOf(error)}`);
  }
}

async function runVote(id: string, vote: 'approve' | 'reject', options: VoteOptions): Promise<void> {
  const edited = options.arguments === undefined ? undefined : readArguments(options.arguments);
  await withDesk(options, async (desk) => {
    const seen = await inspect(desk, id);
    if (vote === 'approve' && !options.yes) {
      printApproval(edited === undefined ? seen : { ...seen, editedArguments: edited });
      if (!(await confirm('Approve exactly this?')))
        throw new CommandError(EXIT.failed, 'nothing was approved', 'Without a terminal, --yes says that you mean it.');
    }
    const now = await inspect(desk, id);
    if (vote === 'approve' && now.approval.version !== seen.approval.version)
      throw new CommandError(EXIT.failed, `approval ${id} changed meanwhile`, 'Look at it again.');
    const { name, id: operator } = commandOrigin().actor;
    const approver = { type: 'operator', id: operator, name } as const;
    const outcome = await desk.vote({ id, vote, approver, via: 'cli', reason: options.reason, edited });
    if (outcome.type === 'refused') throw new CommandError(EXIT.failed, REFUSALS[outcome.refusal], REMEDY);
    const { state, votes, needed, name: tool } = outcome.approval;
    if (options.json) return printJson(publicApproval(outcome.approval));
    if (state === 'rejected') return print(`${paint('red', 'rejected')} ${tool} (${id})`);
    const missing = needed - votes.filter((each) => each.vote === 'approve').length;
    if (state === 'pending') return print(`your approval counts; ${missing} more needed (${id})`);
    print(`${paint('green', 'approved')} ${tool} (${id})`);
  });
}

/** Adds the command. */
export function approvalsCommand(program: Command): void {
  const approvals = program.command('approvals').description('See and decide which calls of tools wait for a person');
  withDataOptions(approvals.command('list', { isDefault: true }))
    .description('List what waits for somebody, the newest first')
    .option('-a, --all', 'also what was decided')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--server <id>', 'only calls to this server')
    .option('--key <id>', 'only calls of this key, by its id')
    .option('--run <id>', 'only those of this run or conversation')
    .option('--limit <n>', 'at most this many', '50')
    .option('--json', 'print as a JSON array')
    .action(runList);
  withDataOptions(approvals.command('show'))
    .description('Show exactly what would be sent, why it waits, and who voted')
    .argument('<id>', 'id of the approval')
    .option('--json', 'print as JSON')
    .action(runShow);
  withDataOptions(approvals.command('approve'))
    .description('Approve a call, after showing it')
    .argument('<id>', 'id of the approval')
    .option('--arguments <json>', 'send these instead: a JSON object, or @file')
    .option('--reason <text>', 'why, for the record')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print as JSON what it is now')
    .action((id: string, options: VoteOptions) => runVote(id, 'approve', options));
  withDataOptions(approvals.command('reject'))
    .description('Reject a call; what asked for it is told')
    .argument('<id>', 'id of the approval')
    .option('--reason <text>', 'why, for whoever called and the record')
    .option('--json', 'print as JSON what it is now')
    .action((id: string, options: VoteOptions) => runVote(id, 'reject', options));
  standingApprovalsCommand(approvals);
}
