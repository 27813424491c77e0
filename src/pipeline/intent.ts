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

/** While it is being put together. */
type Draft = { -readonly [member in keyof CallIntent]: CallIntent[member] };

/** Users, teams and organisations, and labels; most keys have none. */
function noteBelonging(intent: Draft, { levels, labels }: Caller): void {
  const idOf = (type: LevelRef['type']): string | undefined => levels?.find((level) => level.type === type)?.id;
  intent.userId = idOf('user');
  intent.teamId = idOf('team');
  intent.organizationId = idOf('organization');
  intent.labels = labels;
}

/** What it carries out, for which run, and who allowed it; most calls have none of it. */
function noteExecution(intent: Draft, { runId, facts }: Call): void {
  const { suggestion, authority } = facts;
  const run = runId ?? facts.runId ?? suggestion?.runId;
  if (run !== undefined) intent.runId = run;
  if (suggestion !== undefined) intent.suggestionId = suggestion.id;
  if (authority !== undefined) intent.authority = authority;
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
  return (call) => {
    const { facts } = call;
    const { caller } = facts;
    // One literal without a spread, which every call would pay for though few have what it would add.
    const intent: Draft = {
      id: call.id,
      parentId: call.parentId ?? facts.continuesId,
      traceId: facts.traceId ?? '',
      atMs: call.receivedAtMs,
      kind: call.kind,
      surface: call.endpoint.type === 'toolset' ? `${call.surface}/t/${call.endpoint.toolset}` : call.surface,
      keyId: caller?.keyId,
      keyName: caller?.keyName,
      serverId: facts.serverId,
      name: facts.task?.shownTool ?? call.name,
      target: facts.target,
      client: call.peer.info,
      arguments: argumentsOf(call),
    };
    if (caller !== undefined && (caller.levels !== undefined || caller.labels !== undefined))
      noteBelonging(intent, caller);
    if (facts.reservedMicroUsd !== undefined) intent.reservedMicroUsd = facts.reservedMicroUsd;
    noteExecution(intent, call);
    return intent;
  };
}
