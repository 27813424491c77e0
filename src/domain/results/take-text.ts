/** As much of a text as fits into so many bytes of JSON. */

const BACKSPACE = 0x08;
const CARRIAGE_RETURN = 0x0d;
const VERTICAL_TAB = 0x0b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A line end this close to where a text is cut is where it is cut. */
const LINE_SHARE = 0.8;

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * The longest beginning of `text` that takes at most `maxBytes` of UTF-8 inside a JSON string, as JSON.stringify writes it.
 * Never half of a surrogate pair; ends at a line's end if one is near.
 */
export function takeText(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    let units = 1;
    let cost = 3;
    if (unit < 0x20) cost = unit >= BACKSPACE && unit <= CARRIAGE_RETURN && unit !== VERTICAL_TAB ? 2 : 6;
    else if (unit === QUOTE || unit === BACKSLASH) cost = 2;
    else if (unit < 0x80) cost = 1;
    else if (unit < 0x800) cost = 2;
    else if (isHigh(unit) && isLow(text.charCodeAt(end + 1))) {
      units = 2;
      cost = 4;
    } else if (isHigh(unit) || isLow(unit)) cost = 6;
    if (bytes + cost > maxBytes) break;
    bytes += cost;
    end += units;
  }
  if (end === text.length) return text;
  // Searching from before the start would look at the first character all the same.
  const line = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
  return text.slice(0, line > end * LINE_SHARE ? line : end);
}
