/** A provider that needs no network and no key: it answers with what it was last told. */

import type { ChatEvent, ChatRequest, Usage } from '../../../contracts/chat.ts';
import type { ModelProvider } from '../../../contracts/models.ts';
import type { CreateProvider } from '../provider-codec.ts';

function lastText({ messages }: ChatRequest): string {
  const parts = messages.findLast(({ role }) => role === 'user')?.parts ?? [];
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

export const createFakeProvider: CreateProvider = ({ now, randomHex }, config): ModelProvider => ({
  id: config.id,
  config,
  async chat({ request, model, report }) {
    const text = lastText(request.chat());
    const usage: Usage = { inputTokens: text.length, outputTokens: text.length };
    const head = { id: `fake-${randomHex(12)}`, model, createdAtS: Math.floor(now() / 1_000) };
    report.usage = usage;
    report.stop = 'end';
    if (!request.stream) {
      const answer = { ...head, choices: [{ parts: [{ type: 'text', text } as const], stop: 'end' as const }], usage };
      return { type: 'chat', answer: { lane: 'neutral', value: answer } };
    }
    const at = { choice: 0, part: 0 };
    const events: ChatEvent[] = [
      { type: 'start', ...head },
      { type: 'part-start', ...at, value: { type: 'text', text: '' } },
      { type: 'delta', ...at, text },
      { type: 'part-end', ...at },
      { type: 'choice-end', choice: 0, stop: 'end' },
      { type: 'usage', usage },
      { type: 'end' },
    ];
    async function* stream() {
      yield events;
    }
    return { type: 'chat-stream', stream: { lane: 'neutral', value: stream() }, contentType: 'text/event-stream' };
  },
  embed: undefined,
  countTokens: undefined,
  pass: undefined,
  listModels: undefined,
});
