/**
 * Characters that a model reads and a person does not see: found and taken out, while emoji sequences and scripts that
 * need joiners keep theirs. One pass from left to right, so that stripping twice is stripping once.
 */

/** Everything that may have to go. What of it stays depends on its neighbours. */
const CANDIDATE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are meant, marks that combine included
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/u;
const EACH_CANDIDATE = new RegExp(CANDIDATE, 'gu');

const PICTOGRAPH = /\p{Extended_Pictographic}|\p{Emoji_Modifier}/u;
/** Letters: marks of direction belong to the Arabic script themselves. */
const RTL =
  /(?=\p{L})[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
/** Scripts in which U+200C and U+200D change how letters look. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\p{Script=Inherited}]/u;
const HAN = /\p{Script=Han}/u;
const MONGOLIAN = /\p{Script=Mongolian}/u;
const SYMBOL = /\p{Sm}|\p{So}|\p{Extended_Pictographic}/u;
/** The three flags made of tag characters that fonts show: England, Scotland, Wales. */
const TAG_FLAG =
  /^\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/u;

const ZWNJ = '\u200c';
const ZWJ = '\u200d';
const KEYCAP = '\u20e3';

/** Whether a candidate is needed where it stands. `before` is what was kept last, `after` what comes next. */
function isNeeded(char: string, before: string, after: string, hasRtl: boolean): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (char === ZWJ && isPictographic(before) && PICTOGRAPH.test(after)) return true;
  if (char === ZWJ || char === ZWNJ) return JOINING.test(before) && !CANDIDATE.test(before);
  if (code === 0xfe0e || code === 0xfe0f)
    return PICTOGRAPH.test(before) || (/[0-9#*]/.test(before) && after === KEYCAP);
  if (code >= 0xfe00 && code <= 0xfe0d) return HAN.test(before) || SYMBOL.test(before);
  if (code >= 0xe0100 && code <= 0xe01ef) return HAN.test(before);
  if (code >= 0x180b && code <= 0x180f) return MONGOLIAN.test(before) && !CANDIDATE.test(before);
  // Marks of direction show nothing and order nothing but what stands beside them; between letters of one direction idle.
  return (code === 0x200e || code === 0x200f || code === 0x061c) && hasRtl && !CANDIDATE.test(before);
}

/** After an emoji its presentation selector may stand, and a joiner after that. */
function isPictographic(before: string): boolean {
  return PICTOGRAPH.test(before) || before === '\ufe0f';
}

/** True if the text holds a character that might have to go; most text does not, and then needs no more looking. */
export function mayHide(text: string): boolean {
  return CANDIDATE.test(text);
}

/** The text without what nobody would see, and the code points that were taken out, in order. */
export function stripHidden(text: string): { readonly text: string; readonly removed: readonly number[] } {
  if (!mayHide(text)) return { text, removed: [] };
  const hasRtl = RTL.test(text);
  const removed: number[] = [];
  let out = '';
  let before = '';
  for (let at = 0; at < text.length; ) {
    const flag = text.charCodeAt(at) === 0xd83c ? TAG_FLAG.exec(text.slice(at, at + 14))?.[0] : undefined;
    const char = flag ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += char.length;
    const after = at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : '';
    if (flag === undefined && CANDIDATE.test(char) && !isNeeded(char, before, after, hasRtl)) {
      removed.push(char.codePointAt(0) ?? 0);
      continue;
    }
    out += char;
    before = flag === undefined ? char : (flag.at(-1) ?? '');
  }
  return { text: out, removed };
}

/** Text in which every character that could hide is spelled out, to be shown to a person: `a<U+200B>b`. */
export function revealHidden(text: string): string {
  return text.replace(EACH_CANDIDATE, (char) => `<${nameOf(char.codePointAt(0) ?? 0)}>`);
}

function nameOf(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** What was taken out, for people: `3 hidden characters (U+200B, U+E0041)`. */
export function describeHidden(removed: readonly number[]): string {
  const codes = [...new Set(removed)].slice(0, 5).map(nameOf);
  return `${removed.length} hidden character${removed.length === 1 ? '' : 's'} (${codes.join(', ')})`;
}

/** True for those that exist to carry text past a reader: tag characters, overrides of direction, runs of selectors. */
export function isSmuggling(removed: readonly number[]): boolean {
  return (
    removed.some((code) => (code >= 0xe0000 && code <= 0xe0fff) || code === 0x202d || code === 0x202e) ||
    removed.length >= 8
  );
}
