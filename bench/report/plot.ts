/** Two plots as plain SVG, readable on light and dark pages: CPU per call by path, and added latency by rate. */

import { OURS } from '../harness/lab.ts';
import type { RateRow, Row } from '../harness/rounds.ts';
import type { Result } from '../scenarios/scenario.ts';

const WIDTH = 760;
const LABEL_WIDTH = 190;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 24;
const COLOURS = { ours: '#1a7f5a', reference: '#8a94a3', peer: '#c0673b', p99: '#a9d5c4', p99Reference: '#d3d8df' };

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function text(x: number, y: number, content: string, style = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${style}>${escapeXml(content)}</text>`;
}

function bar(x: number, y: number, width: number, fill: string, height = BAR_HEIGHT): string {
  return `<rect x="${x}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${height}" rx="2" fill="${fill}"/>`;
}

function svg(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function colourOf(name: string): string {
  return name === OURS ? COLOURS.ours : name === 'reference' ? COLOURS.reference : COLOURS.peer;
}

/** One group of bars per path; every bar is CPU per call in relation to the reference of its path. */
export function plotCpu(results: readonly Result[]): string {
  const groups = results.filter(({ name }) =>
    ['call-modern', 'call-legacy', 'call-stdio', 'chat-plain'].includes(name),
  );
  const widest = Math.max(1, ...groups.flatMap(({ rows = [] }) => rows.map(({ ratio }) => ratio.median)));
  const scale = (WIDTH - LABEL_WIDTH - 130) / widest;
  const parts = [
    text(
      16,
      28,
      'CPU per call, in relation to a bare pass-through proxy (less is better)',
      'font-size="15" font-weight="600"',
    ),
  ];
  let y = 52;
  for (const { title, rows = [] } of groups) {
    parts.push(text(16, y + 12, title, 'fill="#59636e"'));
    y += ROW_HEIGHT;
    for (const row of rows) {
      parts.push(label(row.name, y));
      parts.push(bar(LABEL_WIDTH, y, row.ratio.median * scale, colourOf(row.name)));
      parts.push(text(LABEL_WIDTH + row.ratio.median * scale + 6, y + 14, caption(row)));
      y += ROW_HEIGHT;
    }
    y += 12;
  }
  return svg(y + 8, 'CPU per tools/call in relation to a bare proxy', parts);
}

function label(name: string, y: number): string {
  return text(LABEL_WIDTH - 8, y + 14, name, `text-anchor="end"${name === OURS ? ' font-weight="600"' : ''}`);
}

function caption({ ratio, us }: Row): string {
  return `${ratio.median < 10 ? ratio.median.toFixed(2) : ratio.median.toFixed(1)} ×  (${Math.round(us.median)} µs)`;
}

/** The left end of the latency axis, ms; what adds less is drawn as this. */
const AXIS_FROM_MS = 0.05;
const AXIS_TICKS_MS = [0.1, 1, 10, 100, 1_000];

/** Pairs of bars, p50 over p99, per rate: what the reference and what we add to a direct call. On a logarithmic axis. */
export function plotLatency(results: readonly Result[]): string {
  const all = results.find(({ name }) => name === 'rates')?.rates ?? [];
  const rates = all.filter(({ addedMs }) => addedMs !== undefined);
  const added = (row: RateRow, key: 'p50' | 'p99'): number => Math.max(AXIS_FROM_MS, row.addedMs?.[key] ?? 0);
  const widest = Math.max(1, ...rates.filter(({ isOverloaded }) => !isOverloaded).map((row) => added(row, 'p99')));
  const scale = (WIDTH - LABEL_WIDTH - 170) / Math.log10(widest / AXIS_FROM_MS);
  const width = (ms: number): number => Math.log10(ms / AXIS_FROM_MS) * scale;
  const title = 'Added latency of tools/call at a constant rate, ms: p50 (dark), p99 (light); logarithmic';
  const parts = [text(16, 28, title, 'font-size="15" font-weight="600"')];
  let y = 52;
  for (const rate of new Set(rates.map((row) => row.rate))) {
    parts.push(text(16, y + 12, `${rate.toLocaleString('en')} calls a second`, 'fill="#59636e"'));
    y += ROW_HEIGHT;
    for (const row of rates.filter((each) => each.rate === rate)) {
      parts.push(label(row.name, y));
      if (row.isOverloaded)
        parts.push(text(LABEL_WIDTH + 4, y + 14, 'cannot hold this rate on this machine', 'fill="#b42318"'));
      else {
        const [p50, p99] = [added(row, 'p50'), added(row, 'p99')];
        parts.push(bar(LABEL_WIDTH, y, width(p99), row.name === OURS ? COLOURS.p99 : COLOURS.p99Reference));
        parts.push(bar(LABEL_WIDTH, y, width(p50), colourOf(row.name)));
        const end = LABEL_WIDTH + Math.max(width(p50), width(p99)) + 6;
        parts.push(text(end, y + 14, `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}`));
      }
      y += ROW_HEIGHT;
    }
    y += 12;
  }
  const ticks = AXIS_TICKS_MS.filter((ms) => ms <= widest).flatMap((ms) => {
    const x = (LABEL_WIDTH + width(ms)).toFixed(1);
    return [
      `<line x1="${x}" y1="60" x2="${x}" y2="${y - 4}" stroke="#59636e" stroke-opacity="0.35" stroke-dasharray="2 3"/>`,
      text(Number(x), y + 10, `${ms} ms`, 'text-anchor="middle" fill="#59636e" font-size="11"'),
    ];
  });
  return svg(y + 24, 'Added latency by rate', [...parts, ...ticks]);
}
