/** What happened in a run, as a tree that a person reads: what belongs to a round stands below it. */

import type { RunTimeline, TimelineEntry } from '../../contracts/runs.ts';
import { renderUsd } from './audit-costs.ts';
import { paint, print, renderTime, showForeign } from './terminal.ts';

/** Prints it. */
export function printTimeline(timeline: RunTimeline): void {
  const { id, run, keyName, rounds, calls, inputTokens, outputTokens, microUsd, entries } = timeline;
  const what = run === undefined ? 'conversation' : 'run';
  print(`${paint('bold', `${what} ${id}`)}${keyName === undefined ? '' : ` of key ${line(keyName)}`}`);
  const sums = [counted(rounds, 'round'), counted(calls, 'call'), `${inputTokens}>${outputTokens} tokens`];
  print([...sums, renderUsd(microUsd)].join(', '));
  const startMs = entries[0]?.atMs ?? 0;
  if (entries.length > 0) print(`began ${renderTime(startMs)}`);
  for (const entry of entries) print(renderEntry(entry, startMs));
  if (run?.state === 'running') print(run.cancelRequested ? 'is to be cancelled' : 'is under way');
}

/** One line of the tree. */
export function renderEntry(entry: TimelineEntry, startMs: number): string {
  const isRoot = entry.type === 'round' || entry.type === 'ended';
  const at = `+${((entry.atMs - startMs) / 1000).toFixed(3)}s`.padStart(11);
  return `${at}  ${isRoot ? '' : '  '}${describe(entry)}`;
}

function describe(entry: TimelineEntry): string {
  switch (entry.type) {
    case 'round': {
      const { round, model, inputTokens, outputTokens, microUsd, durationMs, stop, result, error } = entry;
      const tokens = inputTokens === undefined ? undefined : `${inputTokens}>${outputTokens ?? 0} tokens`;
      const ended = join([renderResult(result, error), stop && `stop ${stop}`]);
      return join([`round ${round}`, model && line(model), tokens, cost(microUsd), took(durationMs), ended]);
    }
    case 'suggested':
      return join([`suggested ${line(entry.name)}`, `rules: ${entry.verdict}`, entry.state, entry.suggestionId]);
    case 'asked': {
      const { name, rule, message, state, approvalId } = entry;
      return join([`asked for ${line(name)}`, `by ${line(rule)}`, message && line(message), state, approvalId]);
    }
    case 'voted': {
      const { vote, by, via, reason, isEdited } = entry;
      const verb = vote === 'approve' ? paint('green', 'approved') : paint('red', 'rejected');
      return join([
        `${verb} by ${line(by)} (${via})`,
        isEdited ? 'with other arguments' : undefined,
        reason && line(reason),
      ]);
    }
    case 'executed': {
      const { name, authority, durationMs, resultBytes, microUsd, result, error } = entry;
      const bytes = resultBytes === undefined ? undefined : `${resultBytes} bytes`;
      const allowed = authority && `by ${line(authority)}`;
      return join([
        `executed ${line(name)}`,
        allowed,
        took(durationMs),
        bytes,
        cost(microUsd),
        renderResult(result, error),
      ]);
    }
    case 'ended':
      return join([entry.state, entry.end]);
  }
}

const join = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part).join('  ');
const line = (text: string): string => showForeign(text).replace(/\s+/g, ' ');
const took = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : `${ms.toFixed(1)} ms`);
const cost = (microUsd: number | undefined): string | undefined =>
  microUsd === undefined ? undefined : renderUsd(microUsd);
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function renderResult(result: string | undefined, error: string | undefined): string {
  if (result === undefined) return paint('dim', 'running');
  return paint(result === 'ok' ? 'green' : 'red', error === undefined ? result : `${result} ${error}`);
}
