/** A flame graph as a picture that needs no script: callers above, what they call below, width for time. */

import type { Frame, Place } from './fold-profile.ts';

const WIDTH = 1_200;
const ROW = 16;
const HEADER = 44;
/** Of a letter at the size of the texts in the frames, on the wide side. */
const LETTER = 6.2;
/** Fewer letters tell nothing. */
const MIN_LETTERS = 4;
/** The smallest share of the whole that is drawn by itself; the next one where a picture would become too large. */
const MIN_SHARES = [0.003, 0.005, 0.008, 0.012, 0.02];
const MAX_BYTES = 120_000;

/** By the beginning of a kind, on light and on dark pages. */
const COLOURS: readonly (readonly [kind: string, name: string, light: string, dark: string])[] = [
  ['ours: edges', 'edges', '#9ecae9', '#1f4e79'],
  ['ours: pipeline', 'pipeline', '#a8dcb5', '#1e5c37'],
  ['ours: upstreams', 'upstreams', '#f5c98f', '#7a4a12'],
  ['ours: platform', 'platform', '#d3b8e8', '#553377'],
  ['ours', 'others of ours', '#bfe3e0', '#1d5754'],
  ['node:', 'node', '#d9dde3', '#414a57'],
  ['garbage', 'garbage collector', '#f2a9a9', '#7d2b2b'],
  ['native', 'native', '#c3c9d2', '#2f3642'],
  ['', 'packages', '#f2e6a2', '#665a16'],
];

const classOf = (kind: string): string => `k${COLOURS.findIndex(([beginning]) => kind.startsWith(beginning))}`;

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A rectangle to be drawn; x and width in shares of the whole. */
export interface Box {
  readonly x: number;
  readonly width: number;
  readonly depth: number;
  readonly label: string;
  readonly where: string;
  readonly kind: string;
}

/** A function without a name goes by its file. */
const labelOf = ({ name, where }: Place): string =>
  name === '(anonymous)' && where !== '' ? where.slice(where.lastIndexOf('/') + 1) : name;

/** Siblings below `minShare` become one box, which is left out, too, if all of them together are below it. */
export function layOut(root: Frame, minShare: number): Box[] {
  const boxes: Box[] = [];
  const place = (frames: readonly Frame[], from: number, depth: number): void => {
    let x = from;
    let small = 0;
    let count = 0;
    for (const { place: at, totalUs, children } of frames) {
      const width = totalUs / root.totalUs;
      if (width < minShare) {
        small += width;
        count++;
        continue;
      }
      boxes.push({ x, width, depth, label: labelOf(at), where: at.where, kind: at.kind });
      place(children, x, depth + 1);
      x += width;
    }
    if (small >= minShare) boxes.push({ x, width: small, depth, label: `${count} smaller`, where: '', kind: 'native' });
  };
  place(root.children, 0, 0);
  return boxes;
}

function draw({ x, width, depth, label, where, kind }: Box): string {
  const [left, top, wide] = [x * WIDTH, HEADER + depth * ROW, width * WIDTH];
  const letters = Math.floor((wide - 4) / LETTER);
  const shown = label.length <= letters ? label : `${label.slice(0, letters - 1)}…`;
  const text =
    letters < MIN_LETTERS ? '' : `<text x="${(left + 2).toFixed(1)}" y="${top + 12}">${escapeXml(shown)}</text>`;
  const title = `${label} ${(width * 100).toFixed(1)} %${where === '' ? '' : ` ${where}`}`;
  const size = `x="${left.toFixed(1)}" y="${top}" width="${Math.max(0, wide - 0.5).toFixed(1)}" height="${ROW - 1}"`;
  return `<g><title>${escapeXml(title)}</title><rect class="${classOf(kind)}" ${size}/>${text}</g>`;
}

function legend(): string {
  let x = 0;
  return COLOURS.map(([, name], i) => {
    const at = x;
    x += 24 + name.length * LETTER;
    return `<rect class="k${i}" x="${at}" y="24" width="12" height="12"/><text x="${at + 16}" y="34">${name}</text>`;
  }).join('');
}

function style(): string {
  const rules = (of: 2 | 3): string => COLOURS.map((colour, i) => `.k${i}{fill:${colour[of]}}`).join('');
  const [light, dark] = ['.page{fill:#fff}text{fill:#1f2328}', '.page{fill:#0d1117}text{fill:#e6edf3}'];
  return `<style>${light}${rules(2)}@media (prefers-color-scheme:dark){${dark}${rules(3)}}</style>`;
}

export function renderFlame(root: Frame, title: string): string {
  for (const minShare of MIN_SHARES) {
    const boxes = layOut(root, minShare);
    const height = HEADER + ROW * (1 + boxes.reduce((deepest, { depth }) => Math.max(deepest, depth), 0)) + 4;
    const picture = [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="ui-monospace, monospace" font-size="10">`,
      `<title>${escapeXml(title)}</title>`,
      style(),
      `<rect class="page" width="${WIDTH}" height="${height}"/>`,
      `<text x="2" y="14" font-size="13">${escapeXml(title)}</text>`,
      legend(),
      ...boxes.map(draw),
      '</svg>',
      '',
    ].join('\n');
    if (Buffer.byteLength(picture) <= MAX_BYTES) return picture;
  }
  throw new Error(`${title}: the flame graph does not fit into ${MAX_BYTES} bytes`);
}
