/** A call that a script made and its host answers, now or later. */

import type { JsonText } from '../../contracts/json.ts';
import type { HostAnswer } from '../../contracts/sandbox.ts';

export interface OpenCall {
  /** Undefined: it is under way. */
  answer: HostAnswer | undefined;
  readonly settled: Promise<unknown>;
}

export function openCall(answer: HostAnswer | Promise<HostAnswer>): OpenCall {
  if (!(answer instanceof Promise)) return { answer, settled: Promise.resolve() };
  const open: { -readonly [member in keyof OpenCall]: OpenCall[member] } = {
    answer: undefined,
    settled: answer.then((value) => {
      open.answer = value;
    }),
  };
  return open;
}

export const answerTooLarge = (value: JsonText, maxAnswerBytes: number): Extract<HostAnswer, { type: 'error' }> => ({
  ...{ type: 'error', exception: 'ValueError' },
  message: `the answer has ${value.length} characters, more than the ${maxAnswerBytes} that a script may take in at once; ask for less`,
});
