/** One definition read once: the text that may be shown, its hash, and what stands out in it by itself. */

import type { DefinitionKind, Finding } from '../../contracts/definitions.ts';
import type { JsonText } from '../../contracts/json.ts';
import { measureDepth } from '../../lib/json-text.ts';
import { cleanDefinition } from './clean-definition.ts';
import { hashDefinition } from './hash-definition.ts';
import { describeHidden, isSmuggling, mayHide, revealHidden, stripHidden } from './hidden-text.ts';
import { type Mentions, readMentions } from './scan-across.ts';
import { excerptOf, scanTexts } from './scan-text.ts';
import { textsOf } from './texts.ts';

export interface ReadDefinition {
  /** As its server wrote it, without hidden characters; the very same where there were none. */
  readonly text: JsonText;
  readonly hash: string;
  readonly findings: readonly Finding[];
  readonly mentions: Mentions;
}

/** Deeper than any schema a person wrote, shallow enough for every walk over it. */
const MAX_DEPTH = 128;

/** `raw` is JSON: of a tool or prompt its definition, of instructions a string. Or why no client may see it. */
export function readDefinition(
  kind: DefinitionKind,
  name: string,
  raw: JsonText,
): ReadDefinition | { readonly fault: string } {
  if (measureDepth(raw, MAX_DEPTH) > MAX_DEPTH) return { fault: `nested deeper than ${MAX_DEPTH}` };
  const value: unknown = JSON.parse(raw);
  const cleaned = cleanDefinition(raw, value);
  if (cleaned.type === 'unusable') return { fault: cleaned.reason };
  return {
    text: cleaned.text,
    hash: hashDefinition(kind, value),
    findings: [...findHidden(value, cleaned.removed), ...scanTexts(value)],
    mentions: readMentions(name, value),
  };
}

function findHidden(value: unknown, removed: readonly number[]): readonly Finding[] {
  if (removed.length === 0) return [];
  const where = textsOf(value).find(({ text }) => mayHide(text) && stripHidden(text).removed.length > 0);
  const at = where === undefined ? 0 : Math.max(0, where.text.search(/[^\x20-\x7e]/) - 20);
  const shown = where === undefined ? '' : `: ${revealHidden(where.text.slice(at, at + 60))}`;
  return [
    {
      rule: 'hidden-characters',
      severity: isSmuggling(removed) ? 'high' : 'low',
      place: where?.place ?? '',
      excerpt: excerptOf(`${describeHidden(removed)}${shown}`),
    },
  ];
}

/** True if `after` says something serious of a sort that `before` does not say. */
export function turnedSuspicious(before: readonly Finding[], after: readonly Finding[]): boolean {
  const known = new Set(before.filter(({ severity }) => severity === 'high').map(({ rule }) => rule));
  return after.some(({ severity, rule }) => severity === 'high' && !known.has(rule));
}
