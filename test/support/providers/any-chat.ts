/** Arbitrary pieces of neutral chats, as tests of codecs put them together. */

import fc from 'fast-check';
import type { AssistantPart, ChatTool, MediaPart, StopReason, TextPart } from '../../../src/contracts/chat.ts';
import type { JsonObject } from '../../../src/contracts/json.ts';

/** Never blank: some providers refuse blank texts. */
export const anyText = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('a', ' ', '"', '\\', '\n', 'ß', '👋', '\u2028', '{'),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .map((text) => `x${text}`);

export const anyTextPart: fc.Arbitrary<TextPart> = anyText.map((text) => ({ type: 'text', text }));

export const anyObject: fc.Arbitrary<JsonObject> = fc
  .dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

/** As a model would write them; large whole numbers, too. */
export const anyArguments = fc.oneof(
  anyObject.map((value) => JSON.stringify(value)),
  fc.bigInt(10n ** 16n, 10n ** 19n).map((id) => `{"id":${id}}`),
);

export const anyName = fc.oneof(
  fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/),
  fc.string({ minLength: 1, maxLength: 100 }),
);

export const anyId = fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/);

export const anyToolCall: fc.Arbitrary<Extract<AssistantPart, { type: 'tool-call' }>> = fc.record({
  type: fc.constant('tool-call' as const),
  id: anyId,
  name: anyName,
  arguments: anyArguments,
});

export const anyImage: fc.Arbitrary<MediaPart> = fc
  .record({
    bytes: fc.uint8Array({ maxLength: 40 }),
    mediaType: fc.constantFrom('image/png', 'image/jpeg', 'image/webp'),
  })
  .map(({ bytes, mediaType }) => ({
    type: 'image',
    source: { type: 'base64', mediaType, data: Buffer.from(bytes).toString('base64') },
  }));

export const anyTool: fc.Arbitrary<Extract<ChatTool, { type: 'function' }>> = fc.record(
  {
    type: fc.constant('function' as const),
    name: anyName,
    description: anyText,
    parameters: anyObject,
  },
  { requiredKeys: ['type', 'name', 'parameters'] },
);

export const anyStop: fc.Arbitrary<StopReason> = fc.constantFrom('end', 'max-tokens', 'tool-calls', 'stop-sequence');

/** Bytes in any pieces, single ones too. */
export function cutBytes(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const ends = [...new Set(at.map((each) => each % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
