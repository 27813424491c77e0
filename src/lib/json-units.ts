/**
 * The characters of a JSON text as numbers in a buffer, whose elements are read three times as fast as the characters of a
 * string; and where strings, numbers and words among them end. What stands between them is for the scanner.
 */

const FIRST_UNITS = 2_048;
/** A larger buffer is not kept. */
const MAX_KEPT_UNITS = 1_048_576;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LONG_CHARS = 1_024;
const HIGH_BITS = 0x80008000;

export class JsonUnits {
  #buffer = Buffer.allocUnsafeSlow(2 * FIRST_UNITS);
  /** The same, two characters at a time. */
  #pairs = new Int32Array(this.#buffer.buffer);
  #text = '';
  /** UTF-16, and a zero behind the text, which is no part of any JSON. What was read may be overwritten. */
  units = new Uint16Array(this.#buffer.buffer);

  load(text: string): void {
    const needed = text.length + 1;
    const has = this.units.length;
    if (needed > has) this.#allocate(2 ** Math.ceil(Math.log2(needed)));
    else if (has > MAX_KEPT_UNITS && needed < MAX_KEPT_UNITS) this.#allocate(MAX_KEPT_UNITS);
    this.#text = text;
    this.#buffer.write(text, 'utf16le');
    this.units[text.length] = 0;
  }

  #allocate(units: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(2 * units);
    this.units = new Uint16Array(this.#buffer.buffer);
    this.#pairs = new Int32Array(this.#buffer.buffer);
  }

  /** Forgets the text. */
  unload(): void {
    this.#text = '';
  }

  skipSpace(at: number): number {
    const units = this.units;
    let i = at;
    for (;;) {
      const c = units[i] as number;
      if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) return i;
      i++;
    }
  }

  /** `at` is the opening quote; returns the offset after the closing one, or -1. */
  skipString(at: number): number {
    const units = this.units;
    const pairs = this.#pairs;
    let longAt = at + LONG_CHARS;
    let i = at + 1;
    for (;;) {
      const c = units[i] as number;
      if (c === QUOTE) return i + 1;
      if (c < 0x20) return -1;
      if (c === BACKSLASH) {
        i = this.#skipEscape(i + 1);
        if (i === -1) return -1;
        continue;
      }
      i++;
      if ((i & 1) !== 0) continue;
      // Two at a time, as long as neither is a quote, a backslash or a control character.
      for (;;) {
        const w = pairs[i >> 1] as number;
        const q = w ^ 0x00220022;
        const b = w ^ 0x005c005c;
        const special = ((w - 0x00200020) & ~w) | ((q - 0x00010001) & ~q) | ((b - 0x00010001) & ~b);
        if ((special & HIGH_BITS) !== 0) break;
        i += 2;
        if (i < longAt) continue;
        const end = this.#skipLongString(at, i);
        if (end !== 0) return end;
        longAt = i + LONG_CHARS;
      }
    }
  }

  /** A long string is checked sooner by JSON.parse. Like skipString, or 0: it ends soon, or holds a quote. */
  #skipLongString(at: number, from: number): number {
    const quote = this.#text.indexOf('"', from);
    if (quote === -1) return -1;
    if (quote - from < LONG_CHARS || this.units[quote - 1] === BACKSLASH) return 0;
    try {
      JSON.parse(this.#text.slice(at, quote + 1));
      return quote + 1;
    } catch {
      return -1;
    }
  }

  #skipEscape(at: number): number {
    const units = this.units;
    switch (units[at]) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f: // /
      case 0x62: // b
      case 0x66: // f
      case 0x6e: // n
      case 0x72: // r
      case 0x74: // t
        return at + 1;
      case 0x75: // u
        for (let i = at + 1; i < at + 5; i++) if (!isHex(units[i] as number)) return -1;
        return at + 5;
      default:
        return -1;
    }
  }

  /** A number, true, false or null; -1 if it is none. */
  skipPlain(at: number, first: number): number {
    switch (first) {
      case 0x74: // t
        return this.#isWord(at, 'true') ? at + 4 : -1;
      case 0x66: // f
        return this.#isWord(at, 'false') ? at + 5 : -1;
      case 0x6e: // n
        return this.#isWord(at, 'null') ? at + 4 : -1;
      default:
        return this.#skipNumber(at);
    }
  }

  #isWord(at: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.units[at + i] !== word.charCodeAt(i)) return false;
    return true;
  }

  #skipNumber(at: number): number {
    const units = this.units;
    let i = units[at] === MINUS ? at + 1 : at;
    if (units[i] === ZERO) i++;
    else {
      i = this.#skipDigits(i);
      if (i === -1) return -1;
    }
    if (units[i] === POINT) {
      i = this.#skipDigits(i + 1);
      if (i === -1) return -1;
    }
    const c = units[i];
    if (c !== 0x65 && c !== 0x45) return i;
    i++;
    if (units[i] === PLUS || units[i] === MINUS) i++;
    return this.#skipDigits(i);
  }

  /** At least one. */
  #skipDigits(at: number): number {
    const units = this.units;
    let i = at;
    while ((units[i] as number) >= ZERO && (units[i] as number) <= NINE) i++;
    return i === at ? -1 : i;
  }
}

function isHex(c: number): boolean {
  return (c >= ZERO && c <= NINE) || (c >= 0x61 && c <= 0x66) || (c >= 0x41 && c <= 0x46);
}
