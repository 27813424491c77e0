/** What stands out between servers: a tool that speaks of another server's tools, or whose name could pass for another's. */

import type { Finding } from '../../contracts/definitions.ts';
import { mixesAlphabets, shapeOf } from './lookalikes.ts';
import { excerptOf } from './scan-text.ts';
import { textsOf } from './texts.ts';

/** What is remembered of one definition for this, so that it is read only once. */
export interface Mentions {
  readonly name: string;
  readonly shape: string;
  /** Words that could be names of tools, and where the first of each stands. */
  readonly words: ReadonlyMap<string, { readonly place: string; readonly around: string }>;
}

/** Tool names of one server. */
export interface NamesOfServer {
  readonly serverId: string;
  readonly names: ReadonlySet<string>;
  readonly shapes: ReadonlyMap<string, string>;
}

/** A name made of several words, which nobody writes by accident: `read_file`, `list-issues`, `getIssue`. */
const COMPOUND = /[A-Za-z][A-Za-z0-9]*(?:[_-]{1,2}[A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+/g;
const MIN_WORD_CHARS = 8;
const MAX_WORDS = 500;
const AROUND_CHARS = 80;
/** Words near a mention that make it more than a pointer: they change how the other tool is used. */
const STEERING =
  /\b(?:instead of|rather than|do not use|don['’]?t use|never use|replaces?|deprecated|before (?:using|calling)|after (?:using|calling)|whenever|must (?:first|always|also)|always (?:call|use|set|pass|send|add)|when (?:using|calling)|is (?:broken|unsafe|insecure))\b/i;

/** Reads a definition once. `value` may be a bare string (instructions). */
export function readMentions(name: string, value: unknown): Mentions {
  const words = new Map<string, { place: string; around: string }>();
  for (const { place, text } of textsOf(value)) {
    if (place === 'name' || words.size >= MAX_WORDS) continue;
    for (const match of text.slice(0, 32_768).matchAll(COMPOUND)) {
      const word = match[0];
      if (word.length < MIN_WORD_CHARS || words.has(word)) continue;
      const around = text.slice(Math.max(0, match.index - AROUND_CHARS), match.index + word.length + AROUND_CHARS);
      words.set(word, { place, around });
      if (words.size >= MAX_WORDS) break;
    }
  }
  return { name, shape: shapeOf(name), words };
}

export function namesOfServer(serverId: string, names: readonly string[]): NamesOfServer {
  return { serverId, names: new Set(names), shapes: new Map(names.map((name) => [shapeOf(name), name])) };
}

/** Findings about one definition of `own` beside the tools of `others`. */
export function scanAcross(
  mentions: Mentions,
  isTool: boolean,
  own: NamesOfServer,
  others: readonly NamesOfServer[],
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [word, { place, around }] of mentions.words) {
    const said = mentionOf(word, own, others);
    if (said === undefined) continue;
    const steers = STEERING.test(around);
    findings.push({
      rule: 'shadowing',
      severity: steers ? 'medium' : 'low',
      place,
      excerpt: excerptOf(`${said}: ${around.replace(/\s+/g, ' ')}`),
    });
  }
  if (isTool) findings.push(...scanName(mentions, others));
  return findings;
}

/** `server/tool` if the word is the name of another server's tool, exposed or own, and no word of this server's own. */
function mentionOf(word: string, own: NamesOfServer, others: readonly NamesOfServer[]): string | undefined {
  if (own.names.has(word)) return undefined;
  const plain = word.replace(/^mcp__/, '');
  for (const { serverId, names } of others) {
    if (names.has(word)) return `${serverId}/${word}`;
    if (plain.startsWith(`${serverId}__`) && names.has(plain.slice(serverId.length + 2)))
      return `${serverId}/${plain.slice(serverId.length + 2)}`;
  }
  return undefined;
}

function scanName({ name, shape }: Mentions, others: readonly NamesOfServer[]): readonly Finding[] {
  const place = 'name';
  for (const { serverId, names, shapes } of others) {
    const twin = shapes.get(shape);
    // The same name on two servers is daily bread, and told apart by the server's name in front.
    if (twin === undefined || names.has(name)) continue;
    const isDisguised = /[^\x00-\x7f]/.test(name);
    if (isDisguised || differsByDisguise(name, twin))
      return [
        {
          rule: 'lookalike',
          severity: isDisguised ? 'high' : 'medium',
          place,
          excerpt: excerptOf(`${name} looks like ${serverId}/${twin}`),
        },
      ];
  }
  return mixesAlphabets(name)
    ? [{ rule: 'lookalike', severity: 'medium', place, excerpt: excerptOf(`${name} mixes alphabets`) }]
    : [];
}

/** `1` for `l` and the like; case and separators alone are a matter of style. */
function differsByDisguise(a: string, b: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/[-_. ]/g, '');
  return plain(a) !== plain(b);
}
