/** What the host answers, as the worker is told it. */

import type { HostAnswer, SandboxHost, SandboxLimits } from '../../../contracts/sandbox.ts';
import type { OsAsk } from './events.ts';
import type { CallReply } from './requests.ts';

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

export function replyOf(answer: HostAnswer, { maxAnswerBytes }: SandboxLimits): CallReply {
  switch (answer.type) {
    case 'value':
      if (answer.value.length <= maxAnswerBytes) return answer;
      return {
        ...{ type: 'error', exception: 'ValueError' },
        message: `the answer has ${answer.value.length} characters, more than the ${maxAnswerBytes} that a script may take in at once; ask for less`,
      };
    case 'error':
      return answer;
    case 'suspend':
      return { type: 'future' };
  }
}

export function answerOs(host: SandboxHost, ask: OsAsk): CallReply {
  switch (ask.type) {
    case 'now':
      return { type: 'datetime', at: new Date(host.now()), offsetSeconds: ask.offsetSeconds };
    case 'today':
      return { type: 'date', at: new Date(host.now()) };
    case 'other':
      return { type: 'refused' };
  }
}
