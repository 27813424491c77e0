/** The texts of a definition that a model reads, each with its path. */

import { isObject } from '../../lib/is-object.ts';

export interface PlacedText {
  readonly place: string;
  readonly text: string;
}

/** Enough for any honest definition; a list of a million enum values is not prose. */
const MAX_TEXTS = 5_000;

/** Every string in it, names of members included; `value` may be a bare string (instructions). */
export function textsOf(value: unknown): readonly PlacedText[] {
  const texts: PlacedText[] = [];
  const walk = (each: unknown, place: string): void => {
    if (texts.length >= MAX_TEXTS) return;
    if (typeof each === 'string') {
      // Pictures are shown, not read.
      if (!/(^|\.)icons\[\d+\]\.src$/.test(place)) texts.push({ place, text: each });
    } else if (Array.isArray(each)) {
      for (const [index, inner] of each.entries()) walk(inner, `${place}[${index}]`);
    } else if (isObject(each)) {
      for (const [key, inner] of Object.entries(each)) {
        const at = place === '' ? key : `${place}.${key}`;
        // A sentence can hide in the name of a property as well.
        if (key.length > 40 || key.includes(' ')) texts.push({ place: `${at} (name)`, text: key });
        walk(inner, at);
      }
    }
  };
  walk(value, '');
  return texts;
}
