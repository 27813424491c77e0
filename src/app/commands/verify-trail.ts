/** `portcullis audit verify`: is the trail what was written, and all of it. */

import type { Command } from 'commander';
import { readHead } from '../../platform/audit/chain/head-file.ts';
import type { AuthorityReport, UnprovenCall } from '../../platform/audit/chain/verify-authority.ts';
import type { ChainProblem, ChainReport, KnownHead } from '../../platform/audit/chain/verify-chain.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { findTrailKeys, withStores } from './command-stores.ts';
import { type DataOptions, resolveDataDir, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote, printTable } from './terminal.ts';

interface VerifyOptions extends DataOptions {
  readonly expect?: readonly string[];
  readonly json?: boolean;
}

const MEANINGS: { readonly [type in ChainProblem['type']]: string } = {
  edited: 'is another one than was written',
  removed: 'is gone, and retention did not take it',
  inserted: 'was written by nobody',
  restored: 'was taken by retention and is back',
  broken: 'the chain was changed here',
  forged: 'the signature here is not ours',
  unsigned: 'a signature is missing here',
  'cut-off': 'what was written up to here is gone',
};

/** `1234:Rk9P…`, as the command prints it. */
function parseHead(text: string): KnownHead {
  const found = /^(\d{1,15}):([\w-]{43})$/.exec(text);
  if (found !== null) return { seq: Number(found[1]), link: found[2] ?? '' };
  throw new CommandError(EXIT.usage, '--expect wants a head as an earlier run printed it, such as 1234:Rk9P…');
}

async function runVerify(options: VerifyOptions): Promise<void> {
  const expected = (options.expect ?? []).map(parseHead);
  const dataDir = resolveDataDir(options);
  await withStores(options, async (stores) => {
    const reader = await stores.trail();
    await reader.fold();
    let kept: KnownHead | undefined;
    try {
      kept = readHead(dataDir);
    } catch (error) {
      throw new CommandError(EXIT.failed, messageOf(error), 'Restore it, or remove it to go without.');
    }
    const report = await reader.verifyChain(kept === undefined ? expected : [kept, ...expected]);
    const hasKey = (await findTrailKeys(options, dataDir, stores.database !== undefined)) !== undefined;
    const authority = await reader.verifyAuthority();
    if (options.json) printJson({ ...report, signedTo: report.signedTo ?? null, hasKey, authority });
    else {
      render(report, hasKey);
      renderAuthority(authority);
    }
    if (authority.unproven.length > 0 && report.problemCount === 0)
      throw new CommandError(EXIT.failed, `${authority.unproven.length} calls have neither rule nor approval to show`);
    if (report.problemCount > 0)
      throw new CommandError(EXIT.failed, `the trail is not what was written: ${report.problemCount} findings`);
  });
}

function render({ rows, rowsBefore, head, signedTo, problems, problemCount }: ChainReport, hasKey: boolean): void {
  if (problemCount > 0) {
    printTable(
      ['CHANGE', 'ROW', 'FINDING'],
      problems.map(({ type, seq, id }) => [String(seq), id ?? '-', `${type}: ${MEANINGS[type]}`]),
    );
    if (problemCount > problems.length) printNote(`and ${problemCount - problems.length} more`);
  } else print(`The trail is what was written: ${rows} rows.`);
  if (rowsBefore > 0) printNote(`${rowsBefore} rows are older than the chain and cannot be vouched for.`);
  if (!hasKey) printNote('The key is not known here, so signatures were not looked at: set PORTCULLIS_MASTER_KEY.');
  else if (signedTo === undefined && head.link !== '') printNote('Nothing is signed.');
  if (head.link !== '') print(`Head: ${head.seq}:${head.link}`);
}

const UNPROVEN: { readonly [type in UnprovenCall['type']]: string } = {
  'no-approval': 'there is no word of the approval before it',
  'approval-used-twice': 'another call used the same approval',
  'carried-out-twice': 'another call carried the same suggestion out',
  'no-standing-approval': 'there was no such standing approval',
};

function renderAuthority({ calls, beyondProof, unproven }: AuthorityReport): void {
  if (unproven.length > 0)
    printTable(
      ['CALL', 'AUTHORITY', 'FINDING'],
      unproven.map(({ id, authority, type }) => [id, authority ?? '-', UNPROVEN[type]]),
    );
  const by = Object.entries(calls).map(([what, count]) => `${count} by ${what}`);
  if (by.length > 0) print(`Calls of tools that were carried out: ${by.join(', ')}.`);
  if (beyondProof > 0)
    printNote(
      `${beyondProof} of them are so old that retention may have taken their approval: that it was given cannot be shown.`,
    );
}

/** Adds `verify` to `audit`. */
export function verifyTrailCommand(audit: Command): void {
  withDataOptions(audit.command('verify'))
    .description(
      'Show that no row of the trail was changed, removed or added, and that each call had its rule or approval',
    )
    .option(
      '--expect <head>',
      'a head that an earlier run printed, which must still be in the chain (may be repeated)',
      collect,
    )
    .option('--json', 'print as JSON')
    .action((options: VerifyOptions) => runVerify(options));
}

function collect(head: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, head];
}
