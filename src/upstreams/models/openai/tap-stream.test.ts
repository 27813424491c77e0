import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { tapStream } from './tap-stream.ts';

const chunk = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const text = (content: string): string => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const STOP = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } });
const DONE = 'data: [DONE]\n\n';

function cut(wire: string, cuts: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(wire);
  const at = [0, ...cuts.map((each) => each % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).flatMap((end, i) => (end > (at[i] ?? 0) ? [bytes.subarray(at[i], end)] : []));
}

async function run(pieces: readonly Buffer[], stripsUsage: boolean, maxLineBytes = 10_000) {
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  async function* source() {
    yield* pieces;
  }
  const out: Uint8Array[] = [];
  let failure: unknown;
  try {
    for await (const piece of tapStream(source(), { report, stripsUsage, secrets: [], maxLineBytes })) out.push(piece);
  } catch (error) {
    failure = error;
  }
  return { report, failure: failure as ProviderFailure | undefined, items: out, text: Buffer.concat(out).toString() };
}

test('however it is cut, a stream leaves as it came, but for the usage that nobody asked for', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }),
      fc.array(fc.nat(5_000), { maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
      async (texts, cuts, strips, crlf) => {
        const style = (wire: string): string => (crlf ? wire.replaceAll('\n', '\r\n') : wire);
        const parts = `: ping\n\n${texts.map(text).join('')}${STOP}`;
        const seen = await run(cut(style(parts + USAGE + DONE), cuts), strips);
        assert.equal(seen.failure, undefined);
        assert.equal(seen.text, style(strips ? parts + DONE : parts + USAGE + DONE));
        assert.equal(seen.report.usage?.inputTokens, 7);
        assert.equal(seen.report.stop, 'end');
      },
    ),
  ));

test('an error before the first event is thrown before anything is handed out', async () => {
  const wire = `: ping\n\n${chunk({ error: { message: 'busy', code: 503 } })}`;
  const seen = await run(cut(wire, [4]), false);
  assert.equal(seen.failure?.kind, 'overloaded');
  assert.equal(seen.items.length, 0);
});

test('an error in the middle is thrown after what came before it, and is not handed out itself', async () => {
  const seen = await run([Buffer.from(text('a') + text('b') + chunk({ error: { message: 'busy' } }))], true);
  assert.equal(seen.failure?.kind, 'server-error');
  assert.equal(seen.text, text('a') + text('b'));
});

test('a stream that ends without saying so was cut off; one whose reason to stop was told is whole', async () => {
  assert.equal((await run([Buffer.from(text('a'))], false)).failure?.kind, 'connection-lost');
  assert.equal((await run([Buffer.from(text('a') + STOP)], false)).failure, undefined);
  assert.equal((await run([Buffer.from(': ping\n\n')], false)).failure?.kind, 'malformed');
});

test('a line larger than its bound ends the stream', async () => {
  assert.equal((await run([Buffer.from(text('x'.repeat(20_000)).slice(0, -2))], false)).failure?.kind, 'malformed');
});

test('what was produced is counted, for streams that never tell their usage', async () => {
  const call = chunk({ choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '1234' } }] } }] });
  assert.equal((await run([Buffer.from(text('abc') + call + STOP)], false)).report.outputChars, 7);
});

test('one enormous event is read like any other', async () => {
  const wire = text('x\n'.repeat(4_000_000)) + STOP;
  const { report, failure } = await run([Buffer.from(wire)], false, 64_000_000);
  assert.equal(failure, undefined);
  assert.ok(report.outputChars >= 12_000_000);
});

test('a long event that comes in many pieces is joined once, not again for each', async () => {
  const wire = Buffer.from(text('x'.repeat(1_000_000)) + STOP);
  const pieces = Array.from({ length: Math.ceil(wire.length / 1_000) }, (_, i) =>
    wire.subarray(i * 1_000, (i + 1) * 1_000),
  );
  const { concat } = Buffer;
  let copiedBytes = 0;
  Buffer.concat = (list, ...more) => {
    for (const { length } of list) copiedBytes += length;
    return concat(list, ...more);
  };
  try {
    const { text: passed, failure } = await run(pieces, true, 2_000_000);
    assert.equal(failure, undefined);
    assert.equal(passed, String(wire));
  } finally {
    Buffer.concat = concat;
  }
  assert.ok(copiedBytes < 10 * wire.length, `${copiedBytes} bytes were copied for ${wire.length}`);
});

test('usage and the reason to stop are found wherever they stand in an event, behind others that say nothing', async () => {
  const told = { usage: null, x_groq: { usage: { prompt_tokens: 3, completion_tokens: 4 } } };
  const choices = [
    { index: 0, delta: {}, finish_reason: null },
    { index: 1, delta: {}, finish_reason: 'length' },
  ];
  const seen = await run([Buffer.from(text('a') + chunk({ choices, ...told }) + DONE)], false);
  assert.equal(seen.report.usage?.outputTokens, 4);
  assert.equal(seen.report.stop, 'max-tokens');
});
