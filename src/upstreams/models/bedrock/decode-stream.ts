/** From the events of ConverseStream to neutral ones. */

import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { StreamDecoder } from '../neutral-stream.ts';
import type { ToolNames } from '../tool-names.ts';
import { type AnswerHead, readObject, stopOf, stopSequenceOf, usageOf } from './decode-answer.ts';
import { createFrameReader, type Frame } from './frame-reader.ts';
import { failureOfFrame } from './read-exception.ts';

export interface ConverseStreamOptions {
  readonly head: AnswerHead;
  readonly names: ToolNames;
  /** Of one frame. */
  readonly maxFrameBytes: number;
  /** Takes secrets out of words of the provider. */
  readonly clean: (words: string) => string;
}

/** A block of Bedrock that is open, by its index there. */
interface OpenPart {
  /** Its number here. */
  readonly part: number;
  /** Base64 of what may not be read, which is told whole. */
  sealed: string[] | undefined;
}

type Body = { readonly [name: string]: unknown };

export function createConverseDecoder({ head, names, maxFrameBytes, clean }: ConverseStreamOptions): StreamDecoder {
  const reader = createFrameReader(maxFrameBytes);
  const open = new Map<unknown, OpenPart>();
  let parts = 0;
  let isStopped = false;

  const begin = (index: unknown, value: AssistantPart | undefined, out: ChatEvent[]): OpenPart => {
    const opened: OpenPart = { part: parts++, sealed: value === undefined ? [] : undefined };
    open.set(index, opened);
    if (value !== undefined) out.push({ type: 'part-start', choice: 0, part: opened.part, value });
    return opened;
  };

  const end = (index: unknown, out: ChatEvent[]): void => {
    const opened = open.get(index);
    if (opened === undefined) return;
    open.delete(index);
    const at = { choice: 0, part: opened.part };
    if (opened.sealed !== undefined) {
      const value = { type: 'reasoning', text: '', sealed: joinBase64(opened.sealed) } as const;
      out.push({ type: 'part-start', ...at, value });
    }
    out.push({ type: 'part-end', ...at });
  };

  const addDelta = ({ contentBlockIndex: index, delta }: Body, out: ChatEvent[]): void => {
    if (!isObject(delta)) return;
    const add = (value: AssistantPart, text: unknown): void => {
      const { part } = open.get(index) ?? begin(index, value, out);
      if (typeof text === 'string' && text !== '') out.push({ type: 'delta', choice: 0, part, text });
    };
    if (delta.text !== undefined) add({ type: 'text', text: '' }, delta.text);
    else if (isObject(delta.toolUse)) {
      const opened = open.get(index);
      if (opened === undefined) throw new ProviderFailure('malformed', 'arguments of a call that has not begun');
      if (typeof delta.toolUse.input === 'string' && delta.toolUse.input !== '')
        out.push({ type: 'delta', choice: 0, part: opened.part, text: delta.toolUse.input });
    } else if (isObject(delta.reasoningContent)) {
      const { text, signature, redactedContent } = delta.reasoningContent;
      if (typeof redactedContent === 'string')
        (open.get(index) ?? begin(index, undefined, out)).sealed?.push(redactedContent);
      else add({ type: 'reasoning', text: '' }, text);
      if (typeof signature === 'string') {
        const { part } = open.get(index) ?? { part: parts - 1 };
        out.push({ type: 'signature', choice: 0, part, signature });
      }
    }
  };

  const startBlock = ({ contentBlockIndex: index, start }: Body, out: ChatEvent[]): void => {
    const toolUse = isObject(start) ? start.toolUse : undefined;
    if (!isObject(toolUse) || typeof toolUse.name !== 'string') return;
    // What came twice would be two calls of a tool, one of them with nothing in it.
    if (open.has(index)) throw new ProviderFailure('malformed', 'a call that begins while it is open');
    const { name, namespace } = names.fromWire(toolUse.name);
    const value: AssistantPart = {
      type: 'tool-call',
      id: typeof toolUse.toolUseId === 'string' ? toolUse.toolUseId : '',
      name,
      ...(namespace === undefined ? {} : { namespace }),
      arguments: '',
    };
    begin(index, value, out);
  };

  const decode = ({ messageType, name, body: text }: Frame, out: ChatEvent[]): void => {
    if (messageType !== 'event') throw failureOfFrame(name, text, clean);
    const body = readObject(text);
    switch (name) {
      case 'messageStart':
        out.push({ type: 'start', ...head });
        break;
      case 'contentBlockStart':
        startBlock(body, out);
        break;
      case 'contentBlockDelta':
        addDelta(body, out);
        break;
      case 'contentBlockStop':
        end(body.contentBlockIndex, out);
        break;
      case 'messageStop':
        for (const index of [...open.keys()]) end(index, out);
        isStopped = true;
        out.push({ type: 'choice-end', choice: 0, stop: stopOf(body.stopReason), ...stopSequenceOf(body) });
        break;
      case 'metadata': {
        const usage = usageOf(body.usage);
        if (usage !== undefined) out.push({ type: 'usage', usage });
      }
    }
  };

  return {
    push(bytes) {
      const out: ChatEvent[] = [];
      for (const frame of reader.push(bytes)) decode(frame, out);
      return out;
    },
    // The usage comes after the stop, so that only the end of the body is the end.
    finish: () => (isStopped && reader.pendingBytes === 0 ? [{ type: 'end' }] : []),
  };
}

/** Each piece is padded for itself. */
function joinBase64(pieces: readonly string[]): string {
  if (pieces.length === 1) return pieces[0] ?? '';
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64'))).toString('base64');
}
