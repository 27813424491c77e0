import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEmbed } from './decode-embed.ts';
import { encodeEmbed } from './encode-embed.ts';

test('a text, texts, tokens and lists of tokens are each read as what they are', () => {
  assert.deepEqual(decodeEmbed({ model: 'm', input: 'a', dimensions: 2, user: 'u', encoding_format: 'base64' }), {
    ...{ dialect: 'openai', inputs: ['a'], single: true, encoding: 'base64', user: 'u', dimensions: 2 },
  });
  const read = (input: unknown) => {
    const { inputs, single } = decodeEmbed({ input });
    return [inputs, single];
  };
  assert.deepEqual(read(['a', 'b']), [['a', 'b'], false]);
  assert.deepEqual(read(['a']), [['a'], false]);
  assert.deepEqual(read([1, 2]), [[[1, 2]], true]);
  assert.deepEqual(read([[1], [2, 3]]), [[[1], [2, 3]], false]);
  assert.deepEqual(decodeEmbed({ input: 'a', future: 1 }).extra, { future: 1 });
});

test('what is no input is refused by the name of its member', () => {
  for (const input of [undefined, null, 1, [], [[]], [1, 'a'], [1.5], [-1], {}, [null]])
    assert.throws(() => decodeEmbed({ input }), { code: 'invalid_params', message: /input/ });
  assert.throws(() => decodeEmbed({ input: 'a', dimensions: 0 }), /dimensions/);
  assert.throws(() => decodeEmbed({ input: 'a', encoding_format: 'hex' }), /encoding_format/);
  assert.throws(() => decodeEmbed({ input: 'a', user: 1 }), /user/);
});

test('vectors are written as numbers, and in base64 as the floats of 32 bits that SDKs read', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 })), (vectors) => {
      const answer = { model: 'm', vectors, inputTokens: 7 };
      const plain = JSON.parse(encodeEmbed(answer, 'float'));
      assert.deepEqual(plain.usage, { prompt_tokens: 7, total_tokens: 7 });
      const read = JSON.parse(encodeEmbed(answer, 'base64')).data.map(({ embedding }: { embedding: string }) => {
        const bytes = Uint8Array.from(Buffer.from(embedding, 'base64'));
        return [...new Float32Array(bytes.buffer)];
      });
      assert.deepEqual(read, vectors);
      // JSON has no negative zero.
      const positive = vectors.map((vector) => vector.map((value) => value + 0));
      assert.deepEqual(
        plain.data.map(({ embedding }: { embedding: number[] }) => embedding.map((value) => value + 0)),
        positive,
      );
    }),
  );
});
