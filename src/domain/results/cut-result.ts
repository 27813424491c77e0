/** Shortening a tool's result: the same blocks and members, less in them, and where to read the rest. */

import type { JsonText } from '../../contracts/json.ts';
import { memberText, scanElements, scanMembers, withMembers } from '../../lib/json-text.ts';
import { type Cut, cutJson, emptyOf } from './cut-json.ts';
import { countFitting, fairShares } from './fair-shares.ts';
import { takeText } from './take-text.ts';

/** What a shortened result may exceed its bound by: the link to the whole, and the list of what was cut. */
export const OVERHEAD_BYTES = 2_048;

/** Of our own in `_meta` of a shortened result: what was cut, and the whole's address and size. */
export const SHORTENED_KEY = 'portcullis.dev/shortened';

export interface Whole {
  /** Where the whole result can be read; undefined: nowhere, it could not be kept. */
  readonly uri: string | undefined;
  readonly bytes: number;
  /** Clients of before 2025-06-18 do not know `resource_link`. */
  readonly asLink: boolean;
}

/** A note of ours in the place of a block takes at most this. */
const NOTE_BYTES = 256;
/** A text of which less than this could be shown is not shown at all. */
const MIN_TEXT_BYTES = 32;
const MAX_CUTS = 6;
const MAX_PATH_BYTES = 120;

const bytesOf = (text: string): number => Buffer.byteLength(text);

/**
 * The result in at most `maxBytes` and OVERHEAD_BYTES. `isError` stays, and so do `_meta` and unknown members unless they
 * alone take half of the room. Undefined: there is nothing in it that could be shortened. Throws DuplicateMemberError.
 */
export function cutResult(text: JsonText, maxBytes: number, whole: Whole): JsonText | undefined {
  const members = scanMembers(text).map(({ key, keyStart, valueStart, valueEnd }) => ({
    key,
    label: text.slice(keyStart, valueStart),
    value: text.slice(valueStart, valueEnd),
  }));
  const textOf = (key: string): JsonText | undefined => members.find((member) => member.key === key)?.value;
  const given = textOf('content');
  const content = given?.startsWith('[') ? given : undefined;
  const structured = textOf('structuredContent');
  if (content === undefined && structured === undefined) return undefined;

  const others = members.filter(({ key }) => key !== 'content' && key !== 'structuredContent');
  const sizes = others.map(({ label, value }) => bytesOf(label) + bytesOf(value) + 1);
  const kept = new Set(smallest(sizes, maxBytes / 2).map((i) => others[i]));
  const fixed = others.reduce((sum, other, i) => sum + (kept.has(other) ? (sizes[i] ?? 0) : 0), 2);

  const labels = { content: '"content":'.length + 1, structured: '"structuredContent":'.length + 1 };
  const wants = [
    content === undefined ? 0 : bytesOf(content) + labels.content,
    structured === undefined ? 0 : bytesOf(structured) + labels.structured,
  ];
  const mins = [
    content === undefined ? 0 : labels.content + 2,
    structured === undefined ? 0 : labels.structured + bytesOf(emptyOf(structured)),
  ];
  const [forContent = 0, forStructured = 0] = fairShares(wants, mins, maxBytes - fixed);

  const cuts: Cut[] = [];
  const blocks = content === undefined ? [] : cutBlocks(content, forContent - labels.content, whole, cuts);
  const shortened =
    structured === undefined
      ? undefined
      : cutJson(structured, forStructured - labels.structured, cuts, '/structuredContent');
  const parts = others.filter((other) => kept.has(other)).map(({ label, value }) => label + value);
  const head = [`"content":[${[...blocks, renderLink(whole)].join(',')}]`];
  if (shortened !== undefined) head.push(`"structuredContent":${shortened}`);
  return withMarker(`{${[...head, ...parts].join(',')}}`, whole, cuts);
}

/** Which of them fit together into `total`, the smallest first. */
function smallest(sizes: readonly number[], total: number): readonly number[] {
  const order = sizes.map((_, i) => i).sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0));
  const count = countFitting(
    order.map((i) => sizes[i] ?? 0),
    total,
  );
  return order.slice(0, count);
}

function cutBlocks(content: JsonText, maxBytes: number, whole: Whole, cuts: Cut[]): readonly JsonText[] {
  const blocks = scanElements(content).map(({ start, end }) => content.slice(start, end));
  const wants = blocks.map((block) => bytesOf(block) + 1);
  const mins = wants.map((want) => Math.min(want, NOTE_BYTES + 1));
  const room = maxBytes - 2;
  const all = countFitting(mins, room) === blocks.length;
  const count = all ? blocks.length : countFitting(mins, room - NOTE_BYTES - 1);
  const shares = fairShares(wants.slice(0, count), mins.slice(0, count), all ? room : room - NOTE_BYTES - 1);
  if (!all) cuts.push({ path: '/content', kept: count, of: blocks.length });
  const out = blocks
    .slice(0, count)
    .map((block, i) =>
      (shares[i] ?? 0) >= (wants[i] ?? 0) ? block : cutBlock(block, i, (shares[i] ?? 0) - 1, whole, cuts),
    );
  if (!all && room >= NOTE_BYTES + 1) out.push(renderNote(`${blocks.length - count} more blocks left out`, whole));
  return out;
}

const KNOWN_TYPES = ['text', 'image', 'audio', 'resource', 'resource_link'];

function cutBlock(block: JsonText, index: number, maxBytes: number, whole: Whole, cuts: Cut[]): JsonText {
  const kind = memberText(block, 'type');
  const path = `/content/${index}`;
  if (kind === '"text"') {
    const cut = cutTextMember(block, maxBytes, whole, cuts, path);
    if (cut !== undefined) return cut;
  }
  const resource = kind === '"resource"' ? memberText(block, 'resource') : undefined;
  if (resource?.startsWith('{')) {
    const around = bytesOf(withMembers(block, { resource: '' }));
    const cut = cutTextMember(resource, maxBytes - around, whole, cuts, `${path}/resource`);
    if (cut !== undefined) return withMembers(block, { resource: cut });
  }
  const type = KNOWN_TYPES.find((known) => kind === `"${known}"`) ?? 'block';
  cuts.push({ path, kept: 0, of: bytesOf(block) });
  return renderNote(`${type} of ${bytesOf(block)} bytes left out`, whole);
}

/** The object with a shorter `text`; undefined if it has none, or next to nothing of it could be shown. */
function cutTextMember(
  object: JsonText,
  maxBytes: number,
  whole: Whole,
  cuts: Cut[],
  path: string,
): JsonText | undefined {
  const text = memberText(object, 'text');
  if (!text?.startsWith('"')) return undefined;
  const around = bytesOf(withMembers(object, { text: '""' }));
  const room = maxBytes - around - NOTE_BYTES;
  if (room < MIN_TEXT_BYTES) return undefined;
  const value = JSON.parse(text) as string;
  const kept = takeText(value, room);
  // Escapes spelt out (`\\u0041`) may be what made it large.
  if (kept.length === value.length) return withMembers(object, { text: JSON.stringify(value) });
  cuts.push({ path: `${path}/text`, kept: kept.length, of: value.length });
  const note = noteText(`the first ${kept.length} of ${value.length} characters`, whole);
  return withMembers(object, { text: JSON.stringify(`${kept}${kept.endsWith('\n') ? '' : '\n'}${note}`) });
}

function noteText(what: string, { uri }: Whole): string {
  return `[Shortened by the gateway: ${what}. ${uri === undefined ? 'The rest was too large to keep.' : `The whole result: ${uri}`}]`;
}

function renderNote(what: string, whole: Whole): JsonText {
  return JSON.stringify({ type: 'text', text: noteText(what, whole) });
}

function renderLink(whole: Whole): JsonText {
  const { uri, bytes, asLink } = whole;
  if (uri === undefined || !asLink) return renderNote(`all of it is ${bytes} bytes`, whole);
  return JSON.stringify({
    type: 'resource_link',
    uri,
    name: 'whole-result',
    title: 'The whole result',
    description:
      'This result was shortened. Read this resource for all of it, page by page; ?path=/content/0/text reads one part, ?from=0&bytes=20000 a range.',
    mimeType: 'application/json',
    size: bytes,
  });
}

function withMarker(text: JsonText, { uri, bytes }: Whole, cuts: readonly Cut[]): JsonText {
  const named = cuts
    .slice(0, MAX_CUTS)
    .map(({ path, kept, of }) => ({ path: takeText(path, MAX_PATH_BYTES), kept, of }));
  const marker = JSON.stringify({ uri, bytes, cuts: cuts.length, cut: named });
  const meta = memberText(text, '_meta');
  const own = meta?.startsWith('{')
    ? withMembers(meta, { [SHORTENED_KEY]: marker })
    : `{${JSON.stringify(SHORTENED_KEY)}:${marker}}`;
  return withMembers(text, { _meta: own });
}
