/** Decisions about definitions as rows of the trail: one each for what a person should see, one per server for the rest. */

import type { DefinitionRecord } from '../../contracts/definitions.ts';
import type { JsonText } from '../../contracts/json.ts';
import { type DefinitionChange, diffDefinition } from '../../domain/definitions/diff-definition.ts';
import { revealHidden } from '../../domain/definitions/hidden-text.ts';

const MAX_CHANGES = 20;
const MAX_FINDINGS = 10;
const MAX_VALUE_CHARS = 240;
const MAX_NAMES = 200;

/** Hashes, findings and, for a change, what changed; small enough for the trail whatever the server wrote. */
export function describeRecord(record: DefinitionRecord, before: DefinitionRecord | undefined): JsonText {
  const offered = record.state === 'held' || record.state === 'rejected' ? record.other : record.pinned;
  const inForce = before?.state === 'changed' ? before.other : before?.pinned;
  const changes =
    offered?.text === undefined || inForce?.text === undefined || inForce.hash === offered.hash
      ? []
      : diffDefinition(JSON.parse(inForce.text), JSON.parse(offered.text));
  return JSON.stringify({
    state: record.state,
    reason: record.reason,
    hash: offered?.hash,
    was: inForce?.hash,
    changes: changes.length === 0 ? undefined : changes.slice(0, MAX_CHANGES).map(briefly),
    moreChanges: changes.length > MAX_CHANGES ? changes.length - MAX_CHANGES : undefined,
    findings: record.findings.length === 0 ? undefined : record.findings.slice(0, MAX_FINDINGS),
  });
}

/** Many of one sort. */
export function describeMany(records: readonly DefinitionRecord[]): JsonText {
  const names = records.slice(0, MAX_NAMES).map(({ kind, name }) => (kind === 'tool' ? name : `${kind}:${name}`));
  return JSON.stringify({ count: records.length, names: names.map((name) => name.slice(0, 60)) });
}

function briefly(change: DefinitionChange): object {
  return {
    path: change.path.slice(0, 200),
    before: brief(change.before),
    after: brief(change.after),
    danger: change.danger,
  };
}

function brief(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = revealHidden(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
