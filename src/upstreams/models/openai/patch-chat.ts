/** The passing lane's request: the client's own text, but for what must differ at this provider. */

import type { ChatModelRequest, ProviderCall } from '../../../contracts/models.ts';
import type { ProviderQuirks } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { scanMembers, withMembers } from '../../../lib/json-text.ts';
import { injectFragment, withTools } from './inject-fragment.ts';

export interface PatchedChat {
  readonly text: string;
  /** Members that were left out. */
  readonly dropped: readonly string[];
  /** We asked for usage where the client had not: the chunk that tells only of it is ours. */
  readonly stripsUsage: boolean;
}

/** Changes model, tools, quirks and the wish for usage; everything else keeps its bytes. */
export function patchChat(
  { body, model, injected, request }: ProviderCall<ChatModelRequest>,
  quirks: ProviderQuirks,
): PatchedChat {
  const { text, value } = body;
  const changes: { [member: string]: string | undefined } = {};
  const textOf = (member: string): string | undefined => {
    const found = scanMembers(text).find(({ key }) => key === member);
    return found && text.slice(found.valueStart, found.valueEnd);
  };
  if (value.model !== model) changes.model = JSON.stringify(model);
  const fragment = injectFragment(injected);
  if (fragment !== '') changes.tools = withTools(textOf('tools'), fragment);
  const stripsUsage = request.stream && quirks.streamUsage && !asksForUsage(value.stream_options);
  if (stripsUsage) {
    const options = isObject(value.stream_options) ? (textOf('stream_options') ?? '{}') : '{}';
    changes.stream_options = withMembers(options, { include_usage: 'true' });
  }
  const dropped = applyQuirks(value, textOf, quirks, changes);
  const isSame = Object.keys(changes).length === 0;
  return { text: isSame ? text : withMembers(text, changes), dropped, stripsUsage };
}

function asksForUsage(options: unknown): boolean {
  return isObject(options) && options.include_usage === true;
}

/** Adds to `changes` what this vendor takes under another name, or not at all; returns what was left out. */
export function applyQuirks(
  body: { readonly [member: string]: unknown },
  textOf: (member: string) => string | undefined,
  { refuses, renames }: ProviderQuirks,
  changes: { [member: string]: string | undefined },
): readonly string[] {
  for (const [member, name] of Object.entries(renames)) {
    if (body[member] === undefined) continue;
    changes[member] = undefined;
    if (body[name] === undefined) changes[name] = textOf(member);
  }
  const dropped = refuses.filter((member) => body[member] !== undefined);
  for (const member of dropped) changes[member] = undefined;
  return dropped;
}
