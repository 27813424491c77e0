/** What the trail is told of a call: who, what, and its arguments as far as they may be kept. */

import type { Call } from '../contracts/call.ts';
import type { Caller } from '../contracts/caller.ts';
import type { JsonText, ParsedJson } from '../contracts/json.ts';
import type { LevelRef } from '../contracts/limits.ts';
import type { CallIntent } from '../contracts/trail.ts';
import { memberText } from '../lib/json-text.ts';
import { redactArguments } from '../lib/redact-json.ts';

export type DescribeIntent = (call: Call) => CallIntent;

/** What goes to the server. */
export const paramsOf = ({ facts, params }: Pick<Call, 'facts' | 'params'>): ParsedJson => facts.params ?? params;

/** The text of `arguments`, as the client sent it; undefined: there are none. */
export function argumentsText({ text, scan }: ParsedJson): JsonText | undefined {
  if (scan === undefined) return memberText(text, 'arguments');
  const member = scan.members.find(({ key }) => key === 'arguments');
  return member && text.slice(member.valueStart, member.valueEnd);
}

/** Users, teams and organisations, and labels; most keys have none. */
function belonging(
  caller: Caller | undefined,
): Pick<CallIntent, 'userId' | 'teamId' | 'organizationId' | 'labels'> | undefined {
  if (caller === undefined || (caller.levels === undefined && caller.labels === undefined)) return undefined;
  const idOf = (type: LevelRef['type']): string | undefined => caller.levels?.find((level) => level.type === type)?.id;
  return {
    ...{ userId: idOf('user'), teamId: idOf('team'), organizationId: idOf('organization') },
    labels: caller.labels,
  };
}

/** What it carries out, for which run, and who allowed it; most calls have none of it. */
function executing({ runId, facts }: Call): Pick<CallIntent, 'runId' | 'suggestionId' | 'authority'> | undefined {
  const { suggestion, authority } = facts;
  const run = runId ?? facts.runId ?? suggestion?.runId;
  if (run === undefined && suggestion === undefined && authority === undefined) return undefined;
  return { runId: run, suggestionId: suggestion?.id, authority };
}

/** `redactionOf` gives the argument paths of a server that must not be kept; `keepArguments` false keeps none at all. */
export function createDescribeIntent(deps: {
  keepArguments: boolean;
  redactionOf: (serverId: string) => readonly string[];
}): DescribeIntent {
  const argumentsOf = (call: Call): string | undefined => {
    // Without a server there is no redaction rule, so nothing is kept of a call that named nothing visible.
    if (!deps.keepArguments || call.facts.serverId === undefined) return undefined;
    // What is said to models is not kept.
    if (call.surface === 'models') return undefined;
    const text = argumentsText(paramsOf(call));
    return text === undefined ? undefined : redactArguments(text, deps.redactionOf(call.facts.serverId));
  };
  return (call) => ({
    id: call.id,
    parentId: call.parentId ?? call.facts.continuesId,
    traceId: call.facts.traceId ?? '',
    atMs: call.receivedAtMs,
    kind: call.kind,
    surface: call.endpoint.type === 'toolset' ? `${call.surface}/t/${call.endpoint.toolset}` : call.surface,
    keyId: call.facts.caller?.keyId,
    keyName: call.facts.caller?.keyName,
    ...belonging(call.facts.caller),
    serverId: call.facts.serverId,
    name: call.facts.task?.shownTool ?? call.name,
    target: call.facts.target,
    client: call.peer.info,
    arguments: argumentsOf(call),
    ...executing(call),
    ...(call.facts.reservedMicroUsd !== undefined && { reservedMicroUsd: call.facts.reservedMicroUsd }),
  });
}
