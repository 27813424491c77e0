/** Decisions about definitions for the admin API: the same rules as at the command line, in the trail of the running gateway. */

import type { AdminDefinitions } from '../contracts/admin-ports.ts';
import type { DefinitionRecord, DefinitionStore } from '../contracts/definitions.ts';
import type { Trail } from '../contracts/trail.ts';
import { approveDefinition, rejectDefinition } from '../domain/definitions/decide-definition.ts';
import { exposedName } from '../domain/tools/exposed-name.ts';

/** The version a decision is about: the one that is not in force, or else the one that is. */
function seenVersion(record: DefinitionRecord): string | undefined {
  return (record.state === 'changed' ? record.pinned : (record.other ?? record.pinned))?.hash;
}

export function createAdminDefinitions(deps: {
  readonly store: DefinitionStore;
  readonly trail: Pick<Trail, 'record'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
}): AdminDefinitions {
  return {
    list: async () => deps.store.list(),
    async decide(ref, verb, hash, { actor }) {
      const decide = verb === 'approve' ? approveDefinition : rejectDefinition;
      const decided = deps.store.decide(ref, (newest) => (seenVersion(newest) === hash ? decide(newest) : undefined));
      if (decided === undefined) return undefined;
      const { serverId, kind, name } = ref;
      const id = deps.newId();
      deps.trail.record(
        {
          id,
          parentId: undefined,
          traceId: deps.randomHex(32),
          atMs: deps.now(),
          kind: verb === 'approve' ? 'definition.approved' : 'definition.rejected',
          surface: 'admin',
          keyId: undefined,
          keyName: undefined,
          serverId,
          name: kind === 'instructions' ? serverId : exposedName(serverId, name),
          target: name || kind,
          client: undefined,
          arguments: JSON.stringify({ hash, actor }),
        },
        { id, result: 'ok', error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 },
      );
      return decided;
    },
  };
}
