/** A tool that answers with data: `output` is checked, and clients get it as structured content. */

import { tool, z } from 'portcullis/tools';

export default tool({
  title: 'Count words',
  description: 'Counts the words of a text and finds the most frequent one.',
  input: z.object({ text: z.string() }),
  output: z.object({ words: z.number().int(), mostFrequent: z.string().nullable() }),
  annotations: { readOnly: true },
  handler({ text }) {
    const counts = new Map<string, number>();
    const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const [first] = [...counts].sort(([, a], [, b]) => b - a);
    return { words: words.length, mostFrequent: first?.[0] ?? null };
  },
});
