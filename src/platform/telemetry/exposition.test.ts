import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readExposition } from '../../../test/support/read-exposition.ts';
import { createExposition, type Exposition, type MetricsFormat } from './exposition.ts';

function write(out: Exposition, label: string): string {
  out.counter('calls', 'Calls.').sample({ tool: label }, 3);
  out.gauge('memory_bytes', 'Memory.').sample({}, 1.5e-7);
  out.histograms('wait_seconds', 'Waits.').histogram({ tool: label }, [0.5, 1], [1, 0, 2], 7.25);
  return out.text();
}

test('the older format, to the letter', () => {
  assert.equal(
    write(createExposition('prometheus'), 'a'),
    `# TYPE calls_total counter
# HELP calls_total Calls.
calls_total{tool="a"} 3
# TYPE memory_bytes gauge
# HELP memory_bytes Memory.
memory_bytes 1.5e-7
# TYPE wait_seconds histogram
# HELP wait_seconds Waits.
wait_seconds_bucket{tool="a",le="0.5"} 1
wait_seconds_bucket{tool="a",le="1"} 1
wait_seconds_bucket{tool="a",le="+Inf"} 3
wait_seconds_sum{tool="a"} 7.25
wait_seconds_count{tool="a"} 3
`,
  );
});

test('OpenMetrics names counters without their suffix, tells units, and ends with EOF', () => {
  const text = write(createExposition('openmetrics'), 'a');
  assert.match(text, /^# TYPE calls counter\n# HELP calls Calls\.\ncalls_total\{tool="a"\} 3\n/);
  assert.match(text, /# UNIT memory_bytes bytes\n/);
  assert.match(text, /\n# EOF\n$/);
});

test('whatever a server calls its tools, it comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<MetricsFormat>('prometheus', 'openmetrics'),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '}', ',', '=') }),
      ),
      (format, label) => {
        // A carriage return is no line end in either format; the reader splits at \n only.
        const samples = readExposition(write(createExposition(format), label), format);
        assert.equal(samples[0]?.labels.tool, label);
      },
    ),
  );
});
