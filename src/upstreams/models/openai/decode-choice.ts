/** One choice of a streamed answer: numbers its parts, and opens and closes them. */

import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import type { ModelReport } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { argumentsText, contentPieces, type DecodeOptions, imagesOf, reasoningOf, stopOf } from './decode-answer.ts';

type Wire = { readonly [member: string]: unknown };

export interface ChoiceDecoder {
  /** Adds what this piece of the choice says. */
  read(choice: Wire, events: ChatEvent[]): void;
  /** The stream is over; a choice whose reason to stop was never told is ended. */
  close(events: ChatEvent[]): void;
  isOver(): boolean;
}

interface OpenCall {
  id: string;
  name: string;
  isCustom: boolean;
  /** Undefined until its name is known. */
  part: number | undefined;
  /** Came before the name. */
  early: string;
}

/** Calls at once in one answer. */
const MAX_CALLS = 1_024;

export function createChoiceDecoder(
  choice: number,
  { names, ids, report }: DecodeOptions & { readonly report: ModelReport },
): ChoiceDecoder {
  let nextPart = 0;
  let isOver = false;
  let current: { readonly type: 'text' | 'reasoning' | 'refusal'; readonly part: number } | undefined;
  const seen: { readonly type: string }[] = [];
  const calls: OpenCall[] = [];
  /** The call that the provider's number stands for now: some give all of them number 0. */
  const numbered = new Map<number, OpenCall>();

  const start = (value: AssistantPart, events: ChatEvent[]): number => {
    const part = nextPart++;
    seen.push({ type: value.type });
    events.push({ type: 'part-start', choice, part, value });
    return part;
  };
  const add = (part: number, text: string, events: ChatEvent[]): void => {
    if (text === '') return;
    report.outputChars += text.length;
    events.push({ type: 'delta', choice, part, text });
  };
  const endCurrent = (events: ChatEvent[]): void => {
    if (current !== undefined) events.push({ type: 'part-end', choice, part: current.part });
    current = undefined;
  };
  const write = (type: 'text' | 'reasoning' | 'refusal', text: string, events: ChatEvent[]): void => {
    if (text === '') return;
    if (current?.type !== type) {
      endCurrent(events);
      current = { type, part: start({ type, text: '' }, events) };
    }
    add(current.part, text, events);
  };

  const begin = (call: OpenCall, events: ChatEvent[]): void => {
    endCurrent(events);
    const { name, namespace } = names.fromWire(call.name);
    call.part = start(
      {
        ...{ type: 'tool-call', id: call.id, name, arguments: '' },
        ...(namespace === undefined ? {} : { namespace }),
        ...(call.isCustom ? { custom: true as const } : {}),
      },
      events,
    );
    add(call.part, call.early, events);
    call.early = '';
  };

  const callOf = (delta: Wire): OpenCall | undefined => {
    const id = typeof delta.id === 'string' && delta.id !== '' ? delta.id : undefined;
    const number = typeof delta.index === 'number' ? delta.index : undefined;
    const known = number === undefined ? calls.find((call) => call.id === id) : numbered.get(number);
    // An id that is new is a call that is new, whatever its number; without either it goes on with the last one.
    if (known !== undefined && (id === undefined || known.id === id)) return known;
    if (known === undefined && number === undefined && id === undefined && calls.length > 0) return calls.at(-1);
    if (calls.length >= MAX_CALLS) return undefined;
    const made = { id: id ?? `call_${ids.randomHex(24)}`, name: '', isCustom: false, part: undefined, early: '' };
    calls.push(made);
    if (number !== undefined) numbered.set(number, made);
    return made;
  };

  const readCall = (delta: Wire, events: ChatEvent[]): void => {
    const call = callOf(delta);
    if (call === undefined) return;
    const inner: Wire = isObject(delta.custom) ? delta.custom : isObject(delta.function) ? delta.function : {};
    if (isObject(delta.custom)) call.isCustom = true;
    if (call.part === undefined && typeof inner.name === 'string') call.name = inner.name;
    const text = argumentsText(call.isCustom ? inner.input : inner.arguments);
    if (call.part !== undefined) add(call.part, text, events);
    else if (call.name === '') call.early += text;
    else {
      begin(call, events);
      if (call.part !== undefined) add(call.part, text, events);
    }
  };

  const end = (reason: unknown, events: ChatEvent[]): void => {
    endCurrent(events);
    for (const call of calls) {
      // Its name never came; what it said must not get lost all the same.
      if (call.part === undefined) begin(call, events);
      if (call.part !== undefined) events.push({ type: 'part-end', choice, part: call.part });
    }
    const stop = stopOf(reason, seen);
    report.stop = stop;
    events.push({ type: 'choice-end', choice, stop });
    isOver = true;
  };

  return {
    isOver: () => isOver,
    close(events) {
      if (!isOver) end(undefined, events);
    },
    read(wire, events) {
      if (isOver) return;
      const delta = isObject(wire.delta) ? wire.delta : isObject(wire.message) ? wire.message : {};
      write('reasoning', reasoningOf(delta), events);
      for (const { type, text } of contentPieces(delta.content)) write(type, text, events);
      if (typeof delta.refusal === 'string') write('refusal', delta.refusal, events);
      for (const image of imagesOf(delta.images)) {
        endCurrent(events);
        events.push({ type: 'part-end', choice, part: start(image, events) });
      }
      if (Array.isArray(delta.tool_calls))
        for (const call of delta.tool_calls) if (isObject(call)) readCall(call, events);
      if (isObject(delta.function_call)) readCall({ index: 0, function: delta.function_call }, events);
      if (typeof wire.finish_reason === 'string' && wire.finish_reason !== '') end(wire.finish_reason, events);
    },
  };
}
