/** The passing lane's request: the client's own text, but for what must differ at this provider. */

import type { ParsedJson, TextMember } from '../../../contracts/json.ts';
import type { ChatModelRequest, InjectedTools, ProviderCall } from '../../../contracts/models.ts';
import type { ProviderQuirks } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { scanMembers, withMembers } from '../../../lib/json-text.ts';
import { peekMember } from '../../../lib/peek-member.ts';
import { type Edit, spliceBytes } from '../../../lib/splice-bytes.ts';
import { injectFragment, withTools } from './inject-fragment.ts';

export interface PatchedChat {
  readonly body: string | readonly Buffer[];
  /** Members that were left out. */
  readonly dropped: readonly string[];
  /** We asked for usage where the client had not: the chunk that tells only of it is ours. */
  readonly stripsUsage: boolean;
}

/** New texts of members; undefined: left out. */
type Changes = { [member: string]: string | undefined };

/** Tools that take this many characters or more are not copied into a text, but sent from where they are. */
const LONG_FRAGMENT_CHARS = 4_096;

/** Changes model, tools, quirks and the wish for usage; everything else keeps its bytes. */
export function createPatchChat(quirks: ProviderQuirks): (call: ProviderCall<ChatModelRequest>) => PatchedChat {
  const encoded = new WeakMap<InjectedTools, Buffer>();
  const bytesOf = (injected: InjectedTools, fragment: string): Buffer => {
    let bytes = encoded.get(injected);
    if (bytes === undefined) {
      bytes = Buffer.from(fragment);
      encoded.set(injected, bytes);
    }
    return bytes;
  };

  return ({ body, model, injected, request }) => {
    const changes: Changes = {};
    const textOf = (member: string): string | undefined => memberText(body, member);
    if (peekMember(body, 'model') !== model) changes.model = JSON.stringify(model);
    const options = request.stream && quirks.streamUsage ? peekMember(body, 'stream_options') : undefined;
    const stripsUsage = request.stream && quirks.streamUsage && !asksForUsage(options);
    if (stripsUsage) {
      const given = isObject(options) ? (textOf('stream_options') ?? '{}') : '{}';
      changes.stream_options = withMembers(given, { include_usage: 'true' });
    }
    const dropped = applyQuirks((member) => peekMember(body, member), textOf, quirks, changes);
    const fragment = injectFragment(injected);
    if (body.large !== undefined || fragment.length >= LONG_FRAGMENT_CHARS) {
      const tools = injected === undefined || fragment === '' ? undefined : bytesOf(injected, fragment);
      const pieces = patchBytes(body, changes, tools);
      if (pieces !== undefined) return { body: pieces, dropped, stripsUsage };
    }
    if (fragment !== '') changes.tools = withTools(textOf('tools'), fragment);
    const { text } = body;
    return { body: isEmpty(changes) ? text : withMembers(text, changes), dropped, stripsUsage };
  };
}

function isEmpty(changes: Changes): boolean {
  for (const _ in changes) return false;
  return true;
}

function memberText(body: ParsedJson, member: string): string | undefined {
  const { large } = body;
  const found = (large?.members ?? scanMembers(body.text)).find(({ key }) => key === member);
  if (found === undefined) return undefined;
  const { valueStart, valueEnd } = found;
  return large === undefined
    ? body.text.slice(valueStart, valueEnd)
    : large.bytes.toString('utf8', valueStart, valueEnd);
}

/** `tools`: ours, elements without brackets. Undefined: a change has to be made on the text. */
function patchBytes(body: ParsedJson, changes: Changes, tools: Buffer | undefined): Buffer[] | undefined {
  // What quirks do to tools, and leaving members out, is too rare to have a form of its own.
  if ('tools' in changes || Object.values(changes).includes(undefined)) return undefined;
  const bytes = body.large?.bytes ?? Buffer.from(body.text);
  // Places in text and bytes are the same only in ASCII.
  if (body.large === undefined && bytes.length !== body.text.length) return undefined;
  const members = body.large?.members ?? scanMembers(body.text);
  const edits: Edit[] = [];
  const added: (string | Buffer)[] = [];
  const add = (key: string, value: readonly (string | Buffer)[]): void => {
    added.push(`${members.length + added.length === 0 ? '' : ','}${JSON.stringify(key)}:`, ...value);
  };
  for (const [key, text] of Object.entries(changes)) {
    const member = members.find((each) => each.key === key);
    if (text === undefined) continue;
    if (member === undefined) add(key, [text]);
    else edits.push({ start: member.valueStart, end: member.valueEnd, by: [text] });
  }
  if (tools !== undefined) {
    const member = members.find(({ key }) => key === 'tools');
    if (member === undefined) add('tools', ['[', tools, ']']);
    else edits.push(toolsEdit(bytes, member, tools));
  }
  if (added.length > 0) {
    const end = members.at(-1)?.valueEnd ?? bytes.indexOf('{') + 1;
    edits.push({ start: end, end, by: added });
  }
  return spliceBytes(bytes, edits);
}

/** Puts ours behind the client's, or in place of what is no list. */
function toolsEdit(bytes: Buffer, { valueStart, valueEnd }: TextMember, tools: Buffer): Edit {
  if (bytes[valueStart] !== 0x5b) return { start: valueStart, end: valueEnd, by: ['[', tools, ']'] };
  const close = valueEnd - 1;
  const isEmptyList = bytes.toString('utf8', valueStart + 1, close).trim() === '';
  return { start: close, end: close, by: isEmptyList ? [tools] : [',', tools] };
}

function asksForUsage(options: unknown): boolean {
  return isObject(options) && options.include_usage === true;
}

/** Adds to `changes` what this vendor takes under another name, or not at all; returns what was left out. */
export function applyQuirks(
  memberOf: (member: string) => unknown,
  textOf: (member: string) => string | undefined,
  { refuses, renames }: ProviderQuirks,
  changes: Changes,
): readonly string[] {
  for (const [member, name] of Object.entries(renames)) {
    if (memberOf(member) === undefined) continue;
    changes[member] = undefined;
    if (memberOf(name) === undefined) changes[name] = textOf(member);
  }
  const dropped = refuses.filter((member) => memberOf(member) !== undefined);
  for (const member of dropped) changes[member] = undefined;
  return dropped;
}
