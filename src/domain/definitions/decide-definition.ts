/** The rule of change control: what becomes of a definition that a server offers, given what is known of it. */

import type {
  DefinitionPolicy,
  DefinitionRecord,
  DefinitionRef,
  DefinitionVersion,
  Finding,
  HoldReason,
} from '../../contracts/definitions.ts';

/** What is in force when the configuration says nothing. */
export const DEFAULT_POLICY: DefinitionPolicy = { onFirstSight: 'pin', onChange: 'flag', onFindings: 'flag' };

export type DefinitionEvent = 'pinned' | 'changed' | 'held' | 'restored';

export interface DefinitionVerdict {
  /** The same object if nothing is new. */
  readonly record: DefinitionRecord;
  readonly event: DefinitionEvent | undefined;
}

export interface Offered {
  readonly ref: DefinitionRef;
  readonly version: DefinitionVersion;
  readonly findings: readonly Finding[];
  /** It says something seriously suspicious that the version in force does not say. */
  readonly turnedSuspicious: boolean;
}

/**
 * Decides once per version; what a person decided is never overruled. A changed definition that turned suspicious is held
 * even where changes are only flagged, and once a version was rejected no other takes its place unseen.
 */
export function decideDefinition(
  known: DefinitionRecord | undefined,
  offered: Offered,
  policy: DefinitionPolicy,
): DefinitionVerdict {
  const { ref, version, findings } = offered;
  const isWorrying = policy.onFindings === 'hold' && findings.some(({ severity }) => severity !== 'low');
  const base = { ...ref, findings, firstSeenMs: known?.firstSeenMs ?? version.atMs };
  const pin = (event: DefinitionEvent): DefinitionVerdict => ({
    record: { ...base, state: 'pinned', reason: undefined, pinned: version, pinnedBy: 'policy', other: undefined },
    event,
  });
  const hold = (reason: HoldReason, pinned: DefinitionRecord | undefined): DefinitionVerdict => ({
    record: {
      ...base,
      state: 'held',
      reason,
      pinned: pinned?.pinned,
      pinnedBy: pinned?.pinnedBy,
      other: version,
    },
    event: 'held',
  });
  const decideFirst = (): DefinitionVerdict => {
    if (policy.onFirstSight === 'hold') return hold('first-sight', undefined);
    return isWorrying ? hold('findings', undefined) : pin('pinned');
  };
  const same = (record: DefinitionRecord): DefinitionVerdict => ({
    record: withFindings(record, findings),
    event: undefined,
  });

  if (known === undefined) return decideFirst();
  const { pinned, other, state } = known;
  if (pinned === undefined) {
    if (other?.hash === version.hash) {
      if (state === 'rejected' || known.reason === 'rejected-before') return same(known);
      // The configuration may have become less strict since.
      const again = decideFirst();
      return again.event === 'held' && again.record.reason === known.reason ? same(known) : again;
    }
    const wasRejected = state === 'rejected' || known.reason === 'rejected-before';
    return wasRejected ? hold('rejected-before', undefined) : decideFirst();
  }
  if (pinned.hash === version.hash) {
    // Something may have been found only now, beside another server.
    if (isWorrying && known.pinnedBy === 'policy' && state !== 'rejected')
      return hold('findings', state === 'changed' ? { ...known, pinned: other } : undefined);
    if (state !== 'held') return same(known);
    // What came after a rejection went away again; the rejection stays.
    if (known.reason === 'rejected-before')
      return { record: { ...known, ...base, state: 'rejected', reason: undefined }, event: 'restored' };
    return {
      record: { ...known, ...base, state: 'pinned', reason: undefined, other: undefined },
      event: 'restored',
    };
  }
  if (other?.hash === version.hash) {
    if (state === 'changed')
      return {
        record: { ...known, ...base, state: 'pinned', reason: undefined, pinned: other, other: undefined },
        event: 'restored',
      };
    if (state === 'rejected' || known.reason === 'rejected-before') return same(known);
  }
  const again = decideChange();
  return again.event === 'held' &&
    known.state === 'held' &&
    other?.hash === version.hash &&
    again.record.reason === known.reason
    ? same(known)
    : again;

  function decideChange(): DefinitionVerdict {
    if (known === undefined) return decideFirst();
    if (state === 'rejected' || known.reason === 'rejected-before') return hold('rejected-before', known);
    if (policy.onChange === 'hold') return hold('change', known);
    if (isWorrying || (offered.turnedSuspicious && policy.onChange === 'flag')) return hold('findings', known);
    if (policy.onChange === 'allow') return pin('changed');
    const approved = state === 'changed' ? other : pinned;
    return {
      record: { ...base, state: 'changed', reason: undefined, pinned: version, pinnedBy: 'policy', other: approved },
      event: 'changed',
    };
  }
}

/** The record with other findings, itself if they are the same. */
function withFindings(record: DefinitionRecord, findings: readonly Finding[]): DefinitionRecord {
  return JSON.stringify(record.findings) === JSON.stringify(findings) ? record : { ...record, findings };
}

/** A person says yes to what is waiting, or to what changed. Undefined: there is nothing to approve. */
export function approveDefinition(record: DefinitionRecord): DefinitionRecord | undefined {
  const pinned = record.state === 'held' || record.state === 'rejected' ? record.other : record.pinned;
  if (pinned === undefined || (record.state === 'pinned' && record.pinnedBy === 'person')) return undefined;
  return { ...record, state: 'pinned', reason: undefined, pinned, pinnedBy: 'person', other: undefined };
}

/** A person says no to what is waiting, or takes back what is in force. Undefined: it is rejected already. */
export function rejectDefinition(record: DefinitionRecord): DefinitionRecord | undefined {
  const rejected = { ...record, state: 'rejected', reason: undefined } as const;
  switch (record.state) {
    case 'rejected':
      return undefined;
    case 'held':
      return rejected;
    case 'changed':
      return { ...rejected, pinned: record.other, other: record.pinned };
    case 'pinned':
      return { ...rejected, pinned: undefined, pinnedBy: undefined, other: record.pinned };
  }
}

/** Which version a client may see of what the server offers now: the offered one, the one in force in its place, or none. */
export function decideShown(
  record: DefinitionRecord,
  hash: string,
  standsIn: () => boolean,
): 'offered' | 'pinned' | 'nothing' {
  if (record.pinned?.hash === hash) return 'offered';
  return record.pinned?.text !== undefined && standsIn() ? 'pinned' : 'nothing';
}
