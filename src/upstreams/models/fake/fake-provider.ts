/** A provider that needs no network and no key: what it answers, and how it fails, stands in the prompt (see `script.ts`). */

import type { ChatEvent } from '../../../contracts/chat.ts';
import type { EventStream, ModelProvider, ModelReport, ModelRequest, ProviderCall } from '../../../contracts/models.ts';
import type { CreateProvider } from '../provider-codec.ts';
import { embedText } from './embed-text.ts';
import { createFaultCounter, fail, type IsDue, wait } from './faults.ts';
import { choicesOf, piecesOf, textIn, usageFrom } from './perform.ts';
import { REASONER_MODEL, readRequest, TOOLS_MODEL } from './read-request.ts';
import { readScript, type Script, type ScriptFault } from './script.ts';

/** Those it tells of; it answers to any name. */
const MODELS = [
  { name: 'echo', displayName: 'Repeats what it is told' },
  { name: TOOLS_MODEL, displayName: 'Calls the first tool it is given' },
  { name: REASONER_MODEL, displayName: 'Thinks before it repeats' },
  { name: 'embed', displayName: 'Embeds texts' },
];
const CONTEXT_TOKENS = 128_000;
const MAX_OUTPUT_TOKENS = 16_384;
const DIMENSIONS = 64;
const MAX_DIMENSIONS = 4_096;

export const createFakeProvider: CreateProvider = ({ now, randomHex }, config): ModelProvider => {
  const isDue = createFaultCounter();
  const createdAtS = Math.floor(now() / 1_000);
  return {
    id: config.id,
    config,
    async chat(call) {
      const { request, model, report } = call;
      const chat = request.chat();
      const { prompt, script, inputText } = readRequest(chat, model);
      const fault = await begin(call, script, prompt, isDue, request.stream);
      const choices = choicesOf(script, chat, randomHex);
      const usage = usageFrom(script, inputText);
      const head = { id: `fake-${randomHex(12)}`, model, createdAtS: Math.floor(now() / 1_000) };
      if (request.stream) {
        const value = play(call, piecesOf(head, choices, usage, script.chunks), script.paceMs, fault);
        return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType: 'text/event-stream' };
      }
      if (usage !== undefined) report.usage = usage;
      report.stop = script.stop;
      for (const { parts } of choices) for (const part of parts) report.outputChars += textIn(part).length;
      return { type: 'chat', answer: { lane: 'neutral', value: { ...head, choices, usage } } };
    },
    async embed(call) {
      const { inputs, dimensions = DIMENSIONS } = call.request.embed();
      const texts = inputs.map((input) => (typeof input === 'string' ? input : input.join(' ')));
      const prompt = texts.join('\n');
      await begin(call, readScript(prompt, { media: [], toolResults: [] }), prompt, isDue, false);
      const inputTokens = countTokens(prompt);
      call.report.usage = { inputTokens, outputTokens: 0 };
      const size = Math.min(Math.max(1, dimensions), MAX_DIMENSIONS);
      const vectors = texts.map((text) => embedText(text, size));
      return { type: 'embeddings', answer: { lane: 'neutral', value: { model: call.model, vectors, inputTokens } } };
    },
    async countTokens(call) {
      const { prompt, script, inputText } = readRequest(call.request.chat(), call.model);
      await begin(call, script, prompt, isDue, false);
      return { type: 'token-count', answer: { lane: 'neutral', value: { inputTokens: countTokens(inputText) } } };
    },
    pass: undefined,
    listModels: async () =>
      MODELS.map((model) => ({
        ...{ ...model, createdAtS, contextTokens: CONTEXT_TOKENS, maxOutputTokens: MAX_OUTPUT_TOKENS },
      })),
  };
};

/** As the usage of an answer counts. */
const countTokens = (text: string): number => Math.ceil(text.length / 4);

/** Waits and fails as told before an answer begins; gives back the fault that is to come in the middle of it. */
async function begin(
  { signal, firstByteTimeoutMs }: ProviderCall<ModelRequest>,
  script: Script,
  prompt: string,
  isDue: IsDue,
  isStreamed: boolean,
): Promise<ScriptFault | undefined> {
  await wait(script.delayMs, signal);
  if (!isDue(script, prompt) || script.fault === undefined) return undefined;
  if (isStreamed && script.fault.type !== 'status' && script.fault.at === 'stream') return script.fault;
  return fail(script.fault, firstByteTimeoutMs, signal);
}

/** Plays the pieces at their pace; leaving it ends a wait under way. A fault comes when half of them are out. */
function play(
  { signal, report, idleTimeoutMs }: ProviderCall<ModelRequest>,
  pieces: readonly (readonly ChatEvent[])[],
  paceMs: number,
  fault: ScriptFault | undefined,
): EventStream {
  const leaving = new AbortController();
  const onAbort = (): void => leaving.abort();
  const half = Math.ceil(pieces.length / 2);
  let at = 0;
  let isLeft = false;
  const iterator: AsyncIterator<readonly ChatEvent[]> = {
    async next() {
      if (isLeft) return DONE;
      if (at === 0) {
        if (signal.aborted) leaving.abort();
        else signal.addEventListener('abort', onAbort);
      }
      try {
        if (at > 0) await wait(paceMs, leaving.signal);
        if (fault !== undefined && at === half) await fail(fault, idleTimeoutMs, leaving.signal);
      } catch (error) {
        signal.removeEventListener('abort', onAbort);
        if (isLeft) return DONE;
        throw error;
      }
      const events = pieces[at];
      if (isLeft || events === undefined) {
        signal.removeEventListener('abort', onAbort);
        return DONE;
      }
      at++;
      for (const event of events) note(report, event);
      return { done: false, value: events };
    },
    return() {
      isLeft = true;
      signal.removeEventListener('abort', onAbort);
      leaving.abort();
      return Promise.resolve(DONE);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

const DONE = { done: true, value: undefined } as const;

function note(report: ModelReport, event: ChatEvent): void {
  if (event.type === 'delta') report.outputChars += event.text.length;
  else if (event.type === 'usage') report.usage = event.usage;
  else if (event.type === 'choice-end') report.stop = event.stop;
}
