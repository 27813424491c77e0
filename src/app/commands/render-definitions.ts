/** Definitions as people and scripts see them: tables, differences field by field, plain objects. */

import type { DefinitionRecord, Finding } from '../../contracts/definitions.ts';
import type { DefinitionChange } from '../../domain/definitions/diff-definition.ts';
import { revealHidden } from '../../domain/definitions/hidden-text.ts';
import { type Cell, paint, print, printTable, renderTime, showForeign } from './terminal.ts';

const STYLES = { pinned: 'green', changed: 'yellow', held: 'red', rejected: 'red' } as const;
const HASH_CHARS = 12;
const MAX_VALUE_CHARS = 2_000;

/** What scripts get: everything but the texts. */
export function publicDefinition(record: DefinitionRecord): { readonly [field: string]: unknown } {
  const { pinned, other, firstSeenMs, ...rest } = record;
  const version = (each: DefinitionRecord['pinned']): object | null =>
    each === undefined ? null : { hash: each.hash, at: new Date(each.atMs).toISOString() };
  return {
    ...rest,
    reason: record.reason ?? null,
    pinnedBy: record.pinnedBy ?? null,
    pinned: version(pinned),
    other: version(other),
    firstSeen: new Date(firstSeenMs).toISOString(),
  };
}

function findingText(findings: readonly Finding[]): string {
  return findings
    .slice(0, 3)
    .map(({ severity, rule, place, excerpt }) => `${severity} ${rule} in ${place || 'it'}: ${revealHidden(excerpt)}`)
    .join('; ');
}

export function printDefinitions(records: readonly DefinitionRecord[]): void {
  printTable(
    ['SERVER', 'KIND', 'NAME', 'STATE', 'SINCE', 'HASH', 'FINDINGS'],
    records.map((record): Cell[] => {
      const { state, reason, pinned, other } = record;
      const shown = state === 'held' || state === 'rejected' ? other : pinned;
      return [
        record.serverId,
        record.kind,
        revealHidden(record.name) || '-',
        { text: reason === undefined ? state : `${state} (${reason})`, style: STYLES[state] },
        renderTime(shown?.atMs),
        shown?.hash.slice(0, HASH_CHARS) ?? '-',
        findingText(record.findings),
      ];
    }),
  );
}

/** `changes` undefined: a text was too long to be kept. */
export function printDiff(
  address: string,
  record: DefinitionRecord,
  changes: readonly DefinitionChange[] | undefined,
): void {
  print(`${paint('bold', showForeign(revealHidden(address)))} ${paint(STYLES[record.state], record.state)}`);
  if (changes === undefined) print('  too long to be kept: only the hashes are known');
  for (const { path, before, after, danger } of changes ?? []) {
    const note = danger === undefined ? '' : ` ${paint('red', `! ${danger}`)}`;
    print(`  ${showForeign(revealHidden(path)) || '(all)'}${note}`);
    if (before !== undefined) print(paint('red', `    - ${render(before)}`));
    if (after !== undefined) print(paint('green', `    + ${render(after)}`));
  }
  for (const { severity, rule, place, excerpt } of record.findings)
    print(
      `  ${paint('yellow', `${severity}: ${rule}`)} in ${showForeign(place) || 'it'}: ${showForeign(revealHidden(excerpt))}`,
    );
}

function render(value: unknown): string {
  const text = showForeign(revealHidden(JSON.stringify(value)));
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}… (${text.length} characters)` : text;
}
