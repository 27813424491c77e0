/** One round of a run: the model is asked as any caller asks it, and its answer understood; in a stream all but calls is shown as it comes. */

import type { ModelGateway } from '../../contracts/call.ts';
import type { AssistantPart, ChatEvent, StopReason } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { EventStream } from '../../contracts/models.ts';
import { addUsage } from '../../domain/agent/add-usage.ts';
import { createPartCollector } from '../../domain/agent/collect-parts.ts';
import type { LiveRun, RunVoice } from './live-run.ts';
import { type ChatCall, type NestedDeps, roundCall } from './nested-call.ts';

export interface Round {
  readonly call: ChatCall;
  readonly head: { readonly id: string; readonly model: string; readonly createdAtS: number };
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  readonly stopSequence: string | undefined;
}

export interface RoundDeps extends NestedDeps {
  readonly enter: ModelGateway;
}

type Told = Omit<Round, 'call'>;

/** Throws what refused or failed it; then, too, it has been counted. */
export async function playRound(deps: RoundDeps, run: LiveRun): Promise<Round> {
  const leftMs = run.durationMs - (deps.monotonicMs() - run.startedMs);
  const call = roundCall(deps, run.parent, run.messages, leftMs);
  run.round = call;
  try {
    const outcome = await deps.enter.call(call);
    run.rounds++;
    if (outcome.type === 'chat' && outcome.answer.lane === 'neutral') {
      const { choices, ...head } = outcome.answer.value;
      const [choice] = choices;
      return {
        call,
        head,
        parts: choice?.parts ?? [],
        stop: choice?.stop ?? 'other',
        stopSequence: choice?.stopSequence,
      };
    }
    if (outcome.type === 'chat-stream' && outcome.stream.lane === 'neutral' && run.voice !== undefined)
      return { call, ...(await readRound(run, run.voice, outcome.stream.value)) };
    throw new GatewayError('internal', 'a round of a run that was not translated');
  } finally {
    const { model, priceMicroUsd } = call.facts;
    run.usage = addUsage(run.usage, model?.usage);
    if (priceMicroUsd !== undefined) run.costMicroUsd = (run.costMicroUsd ?? 0) + priceMicroUsd;
  }
}

async function readRound(run: LiveRun, voice: RunVoice, stream: EventStream): Promise<Told> {
  const collector = createPartCollector();
  /** Where the parts of this round stand in the stream of the run; calls stand nowhere yet. */
  const places = new Map<number, number>();
  const told: { -readonly [member in keyof Told]: Told[member] } = {
    ...{ head: { id: '', model: '', createdAtS: 0 }, parts: [], stop: 'other', stopSequence: undefined },
  };
  const show = (event: ChatEvent): ChatEvent | undefined => {
    switch (event.type) {
      case 'start': {
        const { type, ...head } = event;
        told.head = head;
        if (voice.hasBegun) return undefined;
        voice.hasBegun = true;
        return event;
      }
      case 'usage': {
        const usage = addUsage(run.usage, event.usage);
        return usage && { type: 'usage', usage };
      }
      case 'choice-end':
        if (event.choice !== 0) return undefined;
        told.stop = event.stop;
        told.stopSequence = event.stopSequence;
        return undefined;
      case 'portcullis':
      case 'end':
        return undefined;
      case 'part-start':
        if (event.choice === 0 && event.value.type !== 'tool-call') places.set(event.part, voice.parts++);
    }
    const part = event.choice === 0 ? places.get(event.part) : undefined;
    return part === undefined ? undefined : { ...event, part };
  };
  for await (const events of stream) {
    for (const event of events) collector.take(event);
    await voice.push(events.flatMap((event) => show(event) ?? []));
  }
  told.parts = collector.parts();
  return told;
}
