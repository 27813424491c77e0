/** Ranked search over tools (BM25 over weighted fields). Read once for a catalog; each caller's view weighs words by what that caller may see. */

import type { ToolFace } from './tool-face.ts';
import { intentOf, splitWords, synonyms, termsOf } from './words.ts';

/** How much a word counts by where it stands. */
const WEIGHTS = { name: 4, server: 1.5, title: 1.5, description: 1, parameter: 0.5 } as const;
const DESCRIPTION_CHARS = 300;
/** Of one word in one field: who repeats it is not found sooner. */
const MAX_REPEATS = 2;
const SYNONYM_WEIGHT = 0.35;
/** A word in the very form it was asked for: `issues` lists what `issue` shows one of. */
const FORM_WEIGHT = 0.3;
/** Who asks for things without saying what is to be done wants to see them. */
const LOOKING_FACTOR = 1.25;
/** The usual constants: how soon repetition stops to count, and how much length does. */
const K1 = 1.2;
const B = 0.6;
const MAX_QUERY_TERMS = 24;

/** One tool, read. */
export interface SearchEntry {
  /** Word → weight. */
  readonly terms: ReadonlyMap<string, number>;
  readonly length: number;
  /** Its whole name, for who writes that. */
  readonly path: string;
  /** The words of its name as they stand there. */
  readonly forms: ReadonlySet<string>;
  readonly intent: 'reads' | 'changes' | undefined;
}

export function readEntry(face: ToolFace): SearchEntry {
  const { namespace, method, title, description, parameters, readOnly } = face;
  const terms = new Map<string, number>();
  const add = (text: string, weight: number): void => {
    const counts = new Map<string, number>();
    for (const term of termsOf(text)) counts.set(term, Math.min(MAX_REPEATS, (counts.get(term) ?? 0) + 1));
    for (const [term, count] of counts) terms.set(term, (terms.get(term) ?? 0) + weight * count);
  };
  add(method, WEIGHTS.name);
  add(namespace, WEIGHTS.server);
  add(title, WEIGHTS.title);
  add(description.slice(0, DESCRIPTION_CHARS), WEIGHTS.description);
  add(parameters.map(({ wire }) => wire).join(' '), WEIGHTS.parameter);
  let length = 0;
  for (const weight of terms.values()) length += weight;
  const intent = intentOf(method) ?? (readOnly ? 'reads' : undefined);
  return { terms, length, path: `${namespace}.${method}`, forms: new Set(splitWords(method)), intent };
}

export interface Ranked<T> {
  readonly of: T;
  readonly score: number;
}

export interface SearchView<T> {
  /** Best first; equal ones by name. `keep` narrows further, without a say in what words weigh. */
  search(query: string, limit: number, keep?: (of: T) => boolean): readonly Ranked<T>[];
}

/** `entries` are all that its caller may see: what is not among them has no influence at all. */
export function createSearchView<T>(
  entries: readonly { readonly of: T; readonly entry: SearchEntry }[],
): SearchView<T> {
  const alike = synonyms();
  const postings = new Map<string, { readonly at: number; readonly weight: number }[]>();
  let total = 0;
  for (const [at, { entry }] of entries.entries()) {
    total += entry.length;
    for (const [term, weight] of entry.terms) {
      const known = postings.get(term);
      if (known === undefined) postings.set(term, [{ at, weight }]);
      else known.push({ at, weight });
    }
  }
  const count = entries.length;
  const average = count === 0 ? 1 : total / count;

  /** Words of the query with what each is worth; of several that mean the same the best counts. */
  const wordsOf = (query: string): ReadonlyMap<string, number> => {
    const words = new Map<string, number>();
    for (const term of termsOf(query).slice(0, MAX_QUERY_TERMS)) {
      words.set(term, 1);
      for (const other of alike.get(term) ?? []) if (!words.has(other)) words.set(other, SYNONYM_WEIGHT);
    }
    return words;
  };

  return {
    search(query, limit, keep) {
      const scores = new Map<number, number>();
      for (const [term, worth] of wordsOf(query)) {
        const found = postings.get(term);
        if (found === undefined) continue;
        const rarity = Math.log(1 + (count - found.length + 0.5) / (found.length + 0.5));
        for (const { at, weight } of found) {
          const length = entries[at]?.entry.length ?? average;
          const often = (weight * (K1 + 1)) / (weight + K1 * (1 - B + (B * length) / average));
          scores.set(at, (scores.get(at) ?? 0) + worth * rarity * often);
        }
      }
      const exact = query.trim();
      const wanted = intentOf(query) ?? 'reads';
      const forms = [...new Set(splitWords(query))];
      const whole = (entry: SearchEntry, score: number): number => {
        if (entry.path === exact) return score + 1_000;
        const same = forms.filter((form) => entry.forms.has(form)).length / Math.max(1, entry.forms.size);
        return score * (1 + FORM_WEIGHT * same) * (entry.intent === wanted ? LOOKING_FACTOR : 1);
      };
      const ranked = [...scores].flatMap(([at, score]) => {
        const each = entries[at];
        if (each === undefined || (keep !== undefined && !keep(each.of))) return [];
        return [{ of: each.of, score: whole(each.entry, score), path: each.entry.path }];
      });
      ranked.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
      return ranked.slice(0, limit).map(({ of, score }) => ({ of, score }));
    },
  };
}
