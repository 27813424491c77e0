/**
 * Where a run goes on: its caller saw one message of the model with the calls left to it, and brings their results. Behind
 * that message stand rounds it never saw; here they are put back, with what the gateway ran itself beside what is brought.
 */

import type { ChatMessage } from '../../contracts/chat.ts';

/** One place at which a run waited. */
export interface RunWait {
  /** Calls that were left to the caller. */
  readonly pending: readonly string[];
  /** What stands in place of the message the caller saw; the last is the model's own, with all its calls. */
  readonly hidden: readonly ChatMessage[];
  /** Results of the calls of that last message that the gateway ran. */
  readonly results: readonly ToolMessage[];
}

export type ToolMessage = Extract<ChatMessage, { readonly role: 'tool' }>;

export type PutBack =
  | { readonly type: 'messages'; readonly messages: readonly ChatMessage[] }
  /** For people: what is missing, twice there, or of nobody's call. */
  | { readonly type: 'conflict'; readonly reason: string };

/** The calls whose results end a conversation: what may be a run's to go on with. Empty: it ends otherwise. */
export function broughtResults(messages: readonly ChatMessage[]): readonly string[] {
  const lastCall = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages.slice(lastCall + 1).flatMap((message) => (message.role === 'tool' ? [message.callId] : []));
}

const callIds = (message: ChatMessage | undefined): readonly string[] =>
  message?.role === 'assistant' ? message.parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])) : [];

export function putBack(messages: readonly ChatMessage[], waits: readonly RunWait[]): PutBack {
  let whole = messages;
  for (const wait of waits) {
    const put = putOne(whole, wait);
    if (put.type === 'conflict') return put;
    whole = put.messages;
  }
  return { type: 'messages', messages: whole };
}

function putOne(messages: readonly ChatMessage[], { pending, hidden, results }: RunWait): PutBack {
  const at = messages.findLastIndex((message) => callIds(message).some((id) => pending.includes(id)));
  if (at === -1) return conflict(`the message that made the calls ${list(pending)} is not there any more`);
  let end = at + 1;
  const brought = new Map<string, ToolMessage>();
  for (let message = messages[end]; message?.role === 'tool'; message = messages[++end]) {
    if (brought.has(message.callId)) return conflict(`two results for the call ${list([message.callId])}`);
    if (!pending.includes(message.callId)) return conflict(`nobody waits for a result of ${list([message.callId])}`);
    brought.set(message.callId, message);
  }
  const missing = pending.filter((id) => !brought.has(id));
  if (missing.length > 0) return conflict(`results are missing for ${list(missing)}`);
  for (const result of results) brought.set(result.callId, result);
  const ordered = callIds(hidden.at(-1)).flatMap((id) => brought.get(id) ?? []);
  return { type: 'messages', messages: [...messages.slice(0, at), ...hidden, ...ordered, ...messages.slice(end)] };
}

const conflict = (reason: string): PutBack => ({ type: 'conflict', reason });
/** Ids come from outside. */
const list = (ids: readonly string[]): string =>
  ids
    .slice(0, 10)
    .map((id) => JSON.stringify(id.slice(0, 100)))
    .join(', ');
