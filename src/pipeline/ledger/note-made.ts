/** What happens to suggestions, as rows of the trail. */

import type { Call } from '../../contracts/call.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import type { Trail } from '../../contracts/trail.ts';

/** A row for each that was made: which tool, by which call of a model; never its arguments. */
export function createNoteMade({ trail }: { readonly trail: Trail }): (suggestion: Suggestion, call: Call) => void {
  return ({ id, runId, serverId, target, name, atMs, verdict }, call) => {
    const { caller, traceId = '' } = call.facts;
    const rowId = `${id}.made`;
    trail.record(
      {
        ...{ id: rowId, parentId: call.id, traceId, atMs, kind: 'suggestion.made', surface: call.surface },
        ...{ keyId: caller?.keyId, keyName: caller?.keyName, serverId, name, target, client: undefined },
        ...{ arguments: JSON.stringify({ verdict }), runId, suggestionId: id },
      },
      { id: rowId, result: 'ok', error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 },
    );
  };
}
