/** Vectors without a model: words are hashed onto axes, so that texts which share words lie near each other. */

/** Of unit length, and the same for the same text wherever it is made. `dimensions` is at least 1. */
export function embedText(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const word of words) {
    const hash = fnv1a(word);
    const axis = hash % dimensions;
    vector[axis] = (vector[axis] ?? 0) + (hash & 0x40000000 ? -1 : 1);
  }
  const length = Math.hypot(...vector);
  if (length > 0) return vector.map((each) => each / length);
  // No words, or words that cancel out.
  vector[fnv1a(text) % dimensions] = 1;
  return vector;
}

/** FNV-1a, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
