/** From a chat completions request to the neutral one. */

import type { ChatRequest } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';

export function decodeChat(body: JsonObject): ChatRequest {
  const messages = Array.isArray(body.messages) ? body.messages : [];
  return {
    dialect: 'openai-chat',
    messages: messages.map((message: { content?: unknown }) => ({
      role: 'user' as const,
      parts: [{ type: 'text' as const, text: String(message.content) }],
    })),
    tools: [],
    stream: body.stream === true,
  };
}
