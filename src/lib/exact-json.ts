/** Reads JSON so that nobody can read it differently: whole numbers exact, no name twice, its size counted on the way. */

/** Objects are Maps, so that no name means anything; whole numbers within 64 bits are bigints, all others doubles. */
export type ExactJson =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly ExactJson[]
  | ReadonlyMap<string, ExactJson>;

export interface ExactReading {
  readonly value: ExactJson;
  /** Values and names in it, itself included. */
  readonly count: number;
  /** UTF-16 units of its longest text. */
  readonly longestChars: number;
}

/** A name stands twice in one object. */
export class AmbiguousJsonError extends Error {
  override readonly name = 'AmbiguousJsonError';
}

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
/** Longer ones are outside 64 bits whatever their digits. */
const MAX_INT_CHARS = 20;

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

function readNumber(text: string): number | bigint {
  if (text.length > MAX_INT_CHARS || /[.eE]/.test(text) || text === '-0') return Number(text);
  const whole = BigInt(text);
  return whole >= MIN_INT && whole <= MAX_INT ? whole : Number(text);
}

/**
 * `text` must be one valid JSON document, already bounded in depth. Throws AmbiguousJsonError if a name stands twice, at
 * whatever depth.
 */
export function readExactJson(text: string): ExactReading {
  let at = 0;
  let count = 0;
  let longestChars = 0;

  const skip = (): number => {
    while (isSpace(text.charCodeAt(at))) at++;
    return text.charCodeAt(at);
  };
  const readText = (): string => {
    const start = at++;
    for (let code = text.charCodeAt(at); code !== 34; code = text.charCodeAt(at)) {
      if (at >= text.length) throw new SyntaxError('a text is never closed');
      at += code === 92 ? 2 : 1;
    }
    at++;
    const value: unknown = JSON.parse(text.slice(start, at));
    const read = typeof value === 'string' ? value : '';
    longestChars = Math.max(longestChars, read.length);
    return read;
  };
  const readObject = (): ReadonlyMap<string, ExactJson> => {
    const members = new Map<string, ExactJson>();
    at++;
    while (skip() !== 125) {
      if (text.charCodeAt(at) === 44) at++;
      skip();
      const name = readText();
      if (members.has(name)) throw new AmbiguousJsonError(`the member ${JSON.stringify(name)} stands twice`);
      skip();
      at++;
      count++;
      members.set(name, readValue());
    }
    at++;
    return members;
  };
  const readList = (): readonly ExactJson[] => {
    const items: ExactJson[] = [];
    at++;
    while (skip() !== 93) {
      if (text.charCodeAt(at) === 44) at++;
      items.push(readValue());
    }
    at++;
    return items;
  };
  function readValue(): ExactJson {
    count++;
    const code = skip();
    if (code === 34) return readText();
    if (code === 123) return readObject();
    if (code === 91) return readList();
    const start = at;
    while (at < text.length && !/[\s,\]}]/.test(text.charAt(at))) at++;
    const word = text.slice(start, at);
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    if (word === '') throw new SyntaxError('a value is missing');
    return readNumber(word);
  }

  const value = readValue();
  return { value, count, longestChars };
}
