import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelReport } from '../../../contracts/models.ts';
import { createStreamTap } from './tap-stream.ts';

const event = (value: { readonly type: string }, named = true): string =>
  `${named ? `event: ${value.type}\n` : ''}data: ${JSON.stringify(value)}\n\n`;

const usage = {
  ...{ input_tokens: 10, output_tokens: 5, total_tokens: 15, input_tokens_details: { cached_tokens: 4 } },
  output_tokens_details: { reasoning_tokens: 2 },
};
const end = (output: unknown = []) => ({
  type: 'response.completed',
  response: { id: 'resp_1', status: 'completed', output, usage, instructions: 'x'.repeat(500) },
});

function watch(text: string, cuts: readonly number[], maxLineChars = 1_000_000) {
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  const tap = createStreamTap(report, maxLineChars);
  const bytes = Buffer.from(text);
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  for (const [i, from] of [0, ...places].entries()) tap.see(bytes.subarray(from, places[i] ?? bytes.length));
  return { report, tap };
}

test('wherever the stream is cut, its usage, its end and what was said are seen', () => {
  const text =
    event({ type: 'response.output_text.delta', delta: 'say \\"response.completed\\" and "error"' } as never) +
    event({ type: 'response.function_call_arguments.delta', delta: '{}' } as never) +
    event(end([{ type: 'function_call' }]));
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (cuts, lineEnd) => {
      const { report, tap } = watch(text.replaceAll('\n', lineEnd), cuts);
      assert.equal(tap.isOver, true);
      assert.equal(tap.failure, undefined);
      assert.equal(report.usage?.inputTokens, 10);
      assert.equal(report.usage?.reasoningTokens, 2);
      assert.equal(report.stop, 'tool-calls');
      assert.ok(report.outputChars >= '{}'.length + 'say'.length);
    }),
  );
});

test('what a model says of an end is not one', () => {
  const { tap } = watch(
    event({ type: 'response.output_text.done', text: '{"type":"response.completed"} "error"' } as never) +
      event({ type: 'response.created', response: { error: null } } as never),
    [],
  );
  assert.equal(tap.isOver, false);
});

test('a vendor that names no events, and writes the type last, is understood', () => {
  const { response } = end();
  const { report, tap } = watch(event({ response, type: 'response.completed' } as never, false), []);
  assert.equal(tap.isOver, true);
  assert.equal(report.usage?.outputTokens, 5);
});

test('a failure in the stream is seen', () => {
  const { tap } = watch(event({ type: 'error', code: 'server_error', message: 'broken' } as never), []);
  assert.equal(tap.failure?.kind, 'server-error');
});

test('a line without end costs no more memory than it may', () => {
  const { tap, report } = watch(`data: ${'x'.repeat(5_000)}\n\n${event(end())}`, [1_000, 2_000, 3_000, 4_000], 1_500);
  assert.equal(tap.isOver, true);
  assert.equal(report.usage?.inputTokens, 10);
});
