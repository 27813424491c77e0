/** `portcullis runs list|show|cancel`: runs of the agent loop and conversations, beside a running gateway or without one. */

import { type Command, Option } from 'commander';
import type { RunDesk, RunState, RunSummary } from '../../contracts/runs.ts';
import type { Stores } from '../open-stores.ts';
import { createRunDesk } from '../run-desk.ts';
import { renderUsd } from './audit-costs.ts';
import { CommandError, EXIT } from './command-error.ts';
import { withStores } from './command-stores.ts';
import { commandOrigin } from './open-objects.ts';
import { printTimeline } from './render-timeline.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { type Cell, print, printJson, printNote, printTable, renderTime } from './terminal.ts';

interface ListOptions extends DataOptions {
  readonly state?: RunState;
  readonly key?: string;
  readonly limit: string;
  readonly json?: boolean;
}

const STATES: readonly RunState[] = ['running', 'waiting', 'done', 'failed', 'cancelled'];
const MAX_LISTED = 500;

async function openDesk(stores: Stores): Promise<RunDesk> {
  const [runs, suggestions, approvals] = [await stores.runs(), await stores.suggestions(), await stores.approvals()];
  const trail = await stores.trail();
  const flush = async (): Promise<void> => void (await trail.fold());
  return createRunDesk({ runs, suggestions, approvals, trail, flush, note: stores.append, now: Date.now });
}

const withDesk = <T>(options: DataOptions, use: (desk: RunDesk) => Promise<T>): Promise<T> =>
  withStores(options, async (stores) => use(await openDesk(stores)));

function stateCell({ state, end, cancelRequested }: RunSummary): Cell {
  const ending = cancelRequested && state === 'running' ? ' (is to be cancelled)' : '';
  const text = end === undefined || end === state ? `${state}${ending}` : `${state}: ${end}`;
  return { text, style: state === 'done' ? 'green' : state === 'failed' ? 'red' : 'yellow' };
}

async function runList({ state, key, json = false, ...options }: ListOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!(Number.isSafeInteger(limit) && limit > 0 && limit <= MAX_LISTED))
    throw new CommandError(EXIT.usage, `--limit wants a number from 1 to ${MAX_LISTED}`);
  const runs = await withDesk(options, (desk) => desk.list({ state, keyId: key, limit }));
  if (json) return printJson(runs);
  if (runs.length === 0)
    return printNote('No runs match. Conversations are shown by their id: portcullis runs show ID');
  printTable(
    ['ID', 'STARTED', 'KEY', 'MODEL', 'ROUNDS', 'CALLS', 'TOKENS', 'COST', 'STATE'],
    runs.map((run) => [
      ...[run.id, renderTime(run.startedAtMs), run.keyName, run.model, String(run.rounds), String(run.calls)],
      ...[`${run.inputTokens}>${run.outputTokens}`, renderUsd(run.costMicroUsd), stateCell(run)],
    ]),
  );
}

function missing(id: string): CommandError {
  const remedy = 'Ids are in the header x-portcullis-run of answers, and in `portcullis runs list`.';
  return new CommandError(EXIT.failed, `nothing is known of a run ${JSON.stringify(id)}`, remedy);
}

async function runShow(id: string, options: DataOptions & { readonly json?: boolean }): Promise<void> {
  const timeline = await withDesk(options, (desk) => desk.timeline(id));
  if (timeline === undefined) throw missing(id);
  if (options.json) printJson(timeline);
  else printTimeline(timeline);
}

async function runCancel(id: string, options: DataOptions): Promise<void> {
  const done = await withDesk(options, (desk) => desk.cancel(id, commandOrigin()));
  if (done === 'unknown') throw missing(id);
  if (done === 'over') throw new CommandError(EXIT.failed, `run ${id} is over already`);
  print(`run ${id} is cancelled; who drives it hears of it within a second`);
}

/** Adds the command. */
export function runsCommand(program: Command): void {
  const runs = program.command('runs').description('Runs of models with their tools, and what happened in them');
  withDataOptions(runs.command('list', { isDefault: true }))
    .description('List runs of the agent loop, the newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--key <id>', 'only those of this key, by its id')
    .option('--limit <n>', 'at most this many', '50')
    .option('--json', 'print as a JSON array')
    .action(runList);
  withDataOptions(runs.command('show'))
    .description('Show what happened in a run or a conversation, in its order')
    .argument('<id>', 'id of the run, or of the first call of a conversation')
    .option('--json', 'print as JSON')
    .action(runShow);
  withDataOptions(runs.command('cancel'))
    .description('Cancel a run, whichever process drives it')
    .argument('<id>', 'id of the run')
    .action(runCancel);
}
