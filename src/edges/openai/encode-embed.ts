/** From the neutral embeddings to an answer of OpenAI's. */

import type { EmbedAnswer } from '../../contracts/embed.ts';
import type { JsonText } from '../../contracts/json.ts';

const BYTES_PER_FLOAT = 4;

/** `base64`: little-endian 32 bit floats, which is what SDKs ask for by themselves and decode. */
export function encodeEmbed(answer: EmbedAnswer, encoding: 'float' | 'base64'): JsonText {
  const inputTokens = answer.inputTokens ?? 0;
  return JSON.stringify({
    object: 'list',
    data: answer.vectors.map((vector, index) => ({
      ...{ object: 'embedding', index, embedding: encoding === 'base64' ? toBase64(vector) : vector },
    })),
    model: answer.model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  });
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * BYTES_PER_FLOAT);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * BYTES_PER_FLOAT);
  return bytes.toString('base64');
}
