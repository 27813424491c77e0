/**
 * Writes metrics in the two text formats scrapers read: Prometheus 0.0.4 and OpenMetrics 1.0.0. They differ in the names
 * of counters, in the unit line and in the end. Names and help texts are ours; only label values come from outside.
 */

export type MetricsFormat = 'prometheus' | 'openmetrics';

export const METRICS_CONTENT_TYPES: { readonly [format in MetricsFormat]: string } = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export interface Labels {
  readonly [name: string]: string;
}

/** Samples of one family, written one after the other; no two with the same labels. */
export interface Family {
  sample(labels: Labels, value: number): void;
}

export interface HistogramFamily {
  /** `counts` per bucket, not yet added up, with one more for what lies beyond the last of `bounds`. */
  histogram(labels: Labels, bounds: readonly number[], counts: readonly number[], sum: number): void;
}

export interface Exposition {
  /** `name` without `_total`. */
  counter(name: string, help: string): Family;
  gauge(name: string, help: string): Family;
  histograms(name: string, help: string): HistogramFamily;
  /** Everything written so far, closed. */
  text(): string;
}

const UNITS = ['seconds', 'bytes'] as const;

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

export function createExposition(format: MetricsFormat): Exposition {
  const lines: string[] = [];
  const isOpen = format === 'openmetrics';

  const begin = (name: string, type: string, help: string): void => {
    // In the older format a counter's family carries the suffix of its samples.
    const family = type === 'counter' && !isOpen ? `${name}_total` : name;
    lines.push(`# TYPE ${family} ${type}`);
    const unit = UNITS.find((each) => name.endsWith(`_${each}`));
    if (isOpen && unit !== undefined) lines.push(`# UNIT ${family} ${unit}`);
    lines.push(`# HELP ${family} ${help}`);
  };
  const write = (name: string, labels: Labels, value: number): void =>
    void lines.push(`${name}${renderLabels(labels)} ${value}`);

  return {
    counter(name, help) {
      begin(name, 'counter', help);
      return { sample: (labels, value) => write(`${name}_total`, labels, value) };
    },
    gauge(name, help) {
      begin(name, 'gauge', help);
      return { sample: (labels, value) => write(name, labels, value) };
    },
    histograms(name, help) {
      begin(name, 'histogram', help);
      return {
        histogram(labels, bounds, counts, sum) {
          let total = 0;
          for (const [i, count] of counts.entries()) {
            total += count;
            write(`${name}_bucket`, { ...labels, le: i < bounds.length ? String(bounds[i]) : '+Inf' }, total);
          }
          write(`${name}_sum`, labels, sum);
          write(`${name}_count`, labels, total);
        },
      };
    },
    text: () => `${lines.join('\n')}\n${isOpen ? '# EOF\n' : ''}`,
  };
}
