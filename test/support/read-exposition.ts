/** A strict reader of both metrics formats: whatever a scraper might stumble over fails here. */

import assert from 'node:assert/strict';

export interface Sample {
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

type Type = 'counter' | 'gauge' | 'histogram';

const SUFFIXES: { readonly [type in Type]: readonly string[] } = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

function readLabels(text: string): { [name: string]: string } {
  const labels: { [name: string]: string } = {};
  let rest = text;
  while (rest !== '') {
    const found = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\n|\\")*)"(?:,(?=.)|$)/s.exec(rest);
    assert.ok(found, `labels cannot be read: ${rest}`);
    const [whole, name = '', value = ''] = found;
    assert.ok(!(name in labels), `label twice: ${name}`);
    labels[name] = value.replaceAll(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Buckets ascend, add up, and end with +Inf, which is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...own } = sample.labels;
    const key = JSON.stringify(own);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)));
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}${key}: bounds out of order`,
    );
    assert.equal(new Set(bounds).size, bounds.length);
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name}${key}: no +Inf`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name}${key}: not cumulative`,
    );
    const one = (suffix: string): number => {
      const found = group.filter((sample) => sample.name === name + suffix);
      assert.equal(found.length, 1, `${name}${suffix}${key}`);
      return found[0]?.value ?? Number.NaN;
    };
    assert.equal(one('_count'), counts.at(-1));
    assert.ok(one('_sum') >= 0);
  }
}

/** Reads the text or fails with what is wrong in it. */
export function readExposition(text: string, format: 'prometheus' | 'openmetrics'): Sample[] {
  assert.ok(text.endsWith('\n'));
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics') assert.equal(lines.pop(), '# EOF');
  const samples: Sample[] = [];
  const families = new Map<string, Type>();
  const seen = new Set<string>();
  let family = '';
  let ofFamily: Sample[] = [];
  const endFamily = (): void => {
    if (families.get(family) === 'histogram') checkHistogram(family, ofFamily);
    ofFamily = [];
  };
  for (const line of lines) {
    const meta = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/s.exec(line);
    if (meta !== null) {
      const [, what, name = '', value = ''] = meta;
      if (what === 'TYPE') {
        endFamily();
        assert.ok(!families.has(name), `family twice: ${name}`);
        assert.ok(value in SUFFIXES, `unknown type: ${line}`);
        if (format === 'openmetrics') assert.ok(!/_(total|count|sum|bucket)$/.test(name), `reserved suffix: ${name}`);
        families.set(name, value as Type);
        family = name;
      }
      assert.equal(name, family, `out of place: ${line}`);
      if (what === 'UNIT') assert.ok(format === 'openmetrics' && name.endsWith(`_${value}`), line);
      if (what === 'HELP') assert.ok(!/[\\\n]/.test(value), line);
      continue;
    }
    const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|\+Inf)$/s.exec(line);
    assert.ok(found, `line cannot be read: ${line}`);
    const [, name = '', labels = '', value = ''] = found;
    const type = families.get(family);
    assert.ok(type !== undefined, `no type: ${line}`);
    const suffixes = type === 'counter' && format === 'prometheus' ? [''] : SUFFIXES[type];
    assert.ok(
      suffixes.some((suffix) => name === family + suffix),
      `not of family ${family}: ${line}`,
    );
    if (type === 'counter') assert.ok(name.endsWith('_total'), line);
    const sample = { name, labels: readLabels(labels), value: Number(value) };
    const key = name + JSON.stringify(Object.entries(sample.labels).toSorted());
    assert.ok(!seen.has(key), `sample twice: ${line}`);
    seen.add(key);
    samples.push(sample);
    ofFamily.push(sample);
  }
  endFamily();
  return samples;
}
