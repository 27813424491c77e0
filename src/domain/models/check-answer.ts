/**
 * What a provider's answer has to be before an edge may write it in a dialect of its own: heads that fit, counts that are
 * counts, calls that can be told apart. Providers are made by others; an answer that breaks these rules is mended where nothing
 * gets lost by it, and is none otherwise.
 */

import type { AssistantPart, ChatAnswer } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import { checkUsage } from './check-usage.ts';

export interface CheckDeps {
  /** Random hex digits, for ids. */
  readonly randomHex: (digits: number) => string;
  /** Unix seconds. */
  readonly nowS: () => number;
}

/** Ids and names of models are repeated with every piece of some streams. */
const MAX_HEAD_CHARS = 256;
/** The end of the year 9999: what calendars can write. */
const MAX_TIME_S = 253_402_300_799;
const ID_DIGITS = 24;

type Head = Pick<ChatAnswer, 'id' | 'model' | 'createdAtS'>;

/** The same head where it fits. */
export function checkHead<H extends Head>(head: H, { randomHex, nowS }: CheckDeps): H {
  const { id, model, createdAtS } = head;
  const isTime = Number.isInteger(createdAtS) && createdAtS >= 0 && createdAtS <= MAX_TIME_S;
  if (id !== '' && id.length <= MAX_HEAD_CHARS && model.length <= MAX_HEAD_CHARS && isTime) return head;
  return {
    ...head,
    id: id === '' ? `msg_${randomHex(ID_DIGITS)}` : id.slice(0, MAX_HEAD_CHARS),
    model: model.slice(0, MAX_HEAD_CHARS),
    createdAtS: isTime ? createdAtS : nowS(),
  };
}

/** Made for one choice: gives each call an id of its own. Clients answer calls by id, so two with one would both be lost. */
export function createCallCheck({ randomHex }: CheckDeps): (part: AssistantPart) => AssistantPart {
  const ids = new Set<string>();
  return (part) => {
    if (part.type !== 'tool-call') return part;
    const id = part.id === '' || ids.has(part.id) ? `call_${randomHex(ID_DIGITS)}` : part.id;
    ids.add(id);
    return id === part.id ? part : { ...part, id };
  };
}

/** Throws ProviderFailure `malformed` for an answer without a choice. */
export function checkAnswer(answer: ChatAnswer, deps: CheckDeps): ChatAnswer {
  if (answer.choices.length === 0) throw new ProviderFailure('malformed', 'an answer without a choice');
  const choices = answer.choices.map((choice) => {
    const check = createCallCheck(deps);
    const parts = choice.parts.map(check);
    return parts.every((part, i) => part === choice.parts[i]) ? choice : { ...choice, parts };
  });
  const usage = answer.usage && checkUsage(answer.usage);
  return { ...checkHead(answer, deps), choices, usage };
}
