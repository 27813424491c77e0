/** From the events of Cohere's streamed chat to neutral ones. */

import { StringDecoder } from 'node:string_decoder';
import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createSseDecoder, SseTooLargeError } from '../../../lib/sse.ts';
import type { StreamDecoder } from '../neutral-stream.ts';
import type { ToolNames } from '../tool-names.ts';
import { type AnswerHead, decodeCall, readObject, stopOf, usageOf } from './decode-answer.ts';

type Body = { readonly [name: string]: unknown };

export function createCohereDecoder(head: AnswerHead, names: ToolNames, maxEventChars: number): StreamDecoder {
  const utf8 = new StringDecoder('utf8');
  /** Numbers of open parts; contents and calls are numbered apart on the wire. */
  const open = new Map<string, number>();
  let out: ChatEvent[] = [];
  let parts = 0;
  let isEnded = false;

  const begin = (key: string, value: AssistantPart): number => {
    const part = parts++;
    open.set(key, part);
    out.push({ type: 'part-start', choice: 0, part, value });
    return part;
  };
  const add = (part: number, text: unknown): void => {
    if (typeof text === 'string' && text !== '') out.push({ type: 'delta', choice: 0, part, text });
  };
  const end = (key: string): void => {
    const part = open.get(key);
    if (part === undefined) return;
    open.delete(key);
    out.push({ type: 'part-end', choice: 0, part });
  };

  const onContent = (key: string, content: unknown): void => {
    if (!isObject(content)) return;
    const { text, thinking, type } = content;
    const isThought = typeof thinking === 'string' || type === 'thinking';
    const part = open.get(key) ?? begin(key, { type: isThought ? 'reasoning' : 'text', text: '' });
    add(part, isThought ? thinking : text);
  };

  const onCallDelta = (key: string, call: unknown): void => {
    const part = open.get(key);
    if (part === undefined) throw new ProviderFailure('malformed', 'arguments of a call that has not begun');
    if (isObject(call) && isObject(call.function)) add(part, call.function.arguments);
  };

  const onEnd = ({ finish_reason: reason, usage: told }: Body): void => {
    for (const key of [...open.keys()]) end(key);
    const stop = stopOf(reason);
    const usage = usageOf(told);
    out.push({ type: 'choice-end', choice: 0, stop });
    if (usage !== undefined) out.push({ type: 'usage', usage });
    out.push({ type: 'end' });
    isEnded = true;
  };

  const decode = (event: Body): void => {
    const delta = isObject(event.delta) ? event.delta : {};
    const message = isObject(delta.message) ? delta.message : {};
    const content = `content ${String(event.index)}`;
    const call = `call ${String(event.index)}`;
    // The plan is said before the calls, and has no end of its own.
    if (event.type !== 'tool-plan-delta') end('plan');
    switch (event.type) {
      case 'message-start':
        out.push({ type: 'start', ...head, ...(typeof event.id === 'string' ? { id: event.id } : {}) });
        break;
      case 'content-start':
      case 'content-delta':
        onContent(content, message.content);
        break;
      case 'content-end':
        end(content);
        break;
      case 'tool-plan-delta':
        add(open.get('plan') ?? begin('plan', { type: 'text', text: '' }), message.tool_plan);
        break;
      case 'tool-call-start': {
        if (!isObject(message.tool_calls)) throw new ProviderFailure('malformed', 'a call that is no object');
        // What came twice would be two calls of a tool, one of them with nothing in it.
        if (open.has(call)) throw new ProviderFailure('malformed', 'a call that begins while it is open');
        const value = decodeCall(message.tool_calls, names);
        add(begin(call, { ...value, arguments: '' }), value.arguments);
        break;
      }
      case 'tool-call-delta':
        onCallDelta(call, message.tool_calls);
        break;
      case 'tool-call-end':
        end(call);
        break;
      case 'message-end':
        onEnd(delta);
    }
  };

  const sse = createSseDecoder(({ data }) => {
    // Some deployments end with it as OpenAI does.
    if (!isEnded && data !== '[DONE]') decode(readObject(data));
  }, maxEventChars);

  return {
    push(bytes) {
      out = [];
      try {
        sse.push(utf8.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
      } catch (error) {
        if (error instanceof SseTooLargeError) throw new ProviderFailure('malformed', error.message, { cause: error });
        throw error;
      }
      return out;
    },
    finish: () => [],
  };
}
