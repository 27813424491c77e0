/** Puts decisions about definitions into the trail and one line into the log, bounded whatever a server does. */

import type { DefinitionEventKind, DefinitionRecord } from '../../contracts/definitions.ts';
import type { Log } from '../../contracts/log.ts';
import type { CallIntent, Trail } from '../../contracts/trail.ts';
import type { DefinitionVerdict } from '../../domain/definitions/decide-definition.ts';
import { exposedName } from '../../domain/tools/exposed-name.ts';
import { describeMany, describeRecord } from './describe-verdict.ts';

type Verdict = DefinitionVerdict & { readonly before: DefinitionRecord | undefined };

export interface RecordVerdictsDeps {
  readonly trail: Trail;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
}

/** Rows of their own for one offer; what is more shares one. */
const MAX_ROWS = 100;

export function createRecordVerdicts(
  deps: RecordVerdictsDeps,
): (serverId: string, verdicts: readonly Verdict[]) => void {
  const { trail, log } = deps;

  const write = (
    serverId: string,
    kind: DefinitionEventKind,
    record: DefinitionRecord | undefined,
    text: string,
  ): void => {
    const isNamed = record !== undefined && record.kind !== 'instructions';
    const intent: CallIntent = {
      id: deps.newId(),
      parentId: undefined,
      traceId: deps.randomHex(32),
      atMs: deps.now(),
      kind,
      surface: 'upstream',
      keyId: undefined,
      keyName: undefined,
      serverId,
      name: isNamed ? exposedName(serverId, record.name) : serverId,
      target: record === undefined ? undefined : isNamed ? record.name : record.kind,
      client: undefined,
      arguments: text,
    };
    const result = kind === 'definition.held' ? 'refused' : 'ok';
    const finish = { id: intent.id, result, error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 } as const;
    try {
      // Ahead, so that a decision that shows is in the trail even if the process dies now.
      const written = trail.intend(intent);
      if (written instanceof Promise) written.catch((error: unknown) => complain(serverId, error));
      trail.finish(finish);
    } catch (error) {
      complain(serverId, error);
    }
  };
  const complain = (server: string, error: unknown): void =>
    log.error('a decision about a definition could not be put into the trail', { server, error });

  return (serverId, verdicts) => {
    const { single, many } = sortOut(verdicts);
    for (const { kind, verdict } of single.slice(0, MAX_ROWS))
      write(serverId, kind, verdict.record, describeRecord(verdict.record, verdict.before));
    for (const { kind, verdict } of single.slice(MAX_ROWS)) many.set(kind, [...(many.get(kind) ?? []), verdict.record]);
    for (const [kind, records] of many) write(serverId, kind, undefined, describeMany(records));
    const telling = single.filter(({ kind }) => kind !== 'definition.pinned');
    if (telling.length === 0) return;
    log.warn('definitions want a look: portcullis definitions list', {
      server: serverId,
      count: telling.length,
      definitions: telling.slice(0, 5).map(({ kind, verdict }) => `${kind} ${verdict.record.name || 'instructions'}`),
    });
  };
}

/** What gets a row of its own, and what is told in one row per kind: first sights in which nothing stands out. */
function sortOut(verdicts: readonly Verdict[]): {
  readonly single: readonly { readonly kind: DefinitionEventKind; readonly verdict: Verdict }[];
  readonly many: Map<DefinitionEventKind, readonly DefinitionRecord[]>;
} {
  const single: { kind: DefinitionEventKind; verdict: Verdict }[] = [];
  const first: { readonly [kind in 'definition.pinned' | 'definition.held']: DefinitionRecord[] } = {
    'definition.pinned': [],
    'definition.held': [],
  };
  for (const verdict of verdicts) {
    const { event, record, before } = verdict;
    const stands = record.findings.some(({ severity }) => severity !== 'low');
    if (event === 'pinned') first['definition.pinned'].push(record);
    else if (event === 'held' && record.reason === 'first-sight') first['definition.held'].push(record);
    else if (event !== undefined) single.push({ kind: `definition.${event}`, verdict });
    const isNews = JSON.stringify(before?.findings ?? []) !== JSON.stringify(record.findings);
    if (stands && isNews) single.push({ kind: 'definition.finding', verdict });
  }
  const many = new Map<DefinitionEventKind, readonly DefinitionRecord[]>();
  for (const kind of ['definition.pinned', 'definition.held'] as const)
    if (first[kind].length > 0) many.set(kind, first[kind]);
  return { single, many };
}
