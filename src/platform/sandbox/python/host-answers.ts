/** What the host answers, as the worker is told it. */

import type { HostAnswer, SandboxHost, SandboxLimits } from '../../../contracts/sandbox.ts';
import { answerTooLarge } from '../open-call.ts';
import type { OsAsk } from './events.ts';
import type { CallReply } from './requests.ts';

export function replyOf(answer: HostAnswer, { maxAnswerBytes }: SandboxLimits): CallReply {
  switch (answer.type) {
    case 'value':
      if (answer.value.length <= maxAnswerBytes) return answer;
      return answerTooLarge(answer.value, maxAnswerBytes);
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
