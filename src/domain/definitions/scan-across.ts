/** What stands out between servers: a tool that speaks of another server's tools, or whose name could pass for another's. */

import type { Finding } from '../../contracts/definitions.ts';
import { mixesAlphabets, shapeOf } from './lookalikes.ts';
import { excerptOf } from './scan-text.ts';
import { textsOf } from './texts.ts';

/** What is remembered of one definition for this, so that it is read only once. */
export interface Mentions {
  readonly name: string;
  readonly shape: string;
  /** Words that could be names of tools, with spaces between: one short text, since it is kept for every definition. */
  readonly words: string;
}

interface NamedWord {
  readonly word: string;
  readonly place: string;
  readonly around: string;
}

/** Tool names of one server, with what each looks like. */
export interface NamesOfServer {
  readonly serverId: string;
  readonly shapes: ReadonlyMap<string, string>;
}

/** Tool names of all servers. */
export interface NamesIndex {
  /** Servers that have a tool of this name. */
  readonly byName: ReadonlyMap<string, readonly string[]>;
  readonly byShape: ReadonlyMap<string, readonly { readonly serverId: string; readonly name: string }[]>;
}

/** A run of what names are made of. Never fails after it began, so the time is linear in the text. */
const WORD = /[A-Za-z][A-Za-z0-9_-]*/g;
/** A name made of several words, which nobody writes by accident: `read_file`, `list-issues`, `getIssue`. */
const COMPOUND = /[A-Za-z0-9][_-]+[A-Za-z0-9]|[a-z][A-Z]/;
const MAX_WORD_CHARS = 160;
const MIN_WORD_CHARS = 8;
const MAX_WORDS = 500;
const AROUND_CHARS = 80;
/** Words near a mention that make it more than a pointer: they change how the other tool is used. */
const STEERING =
  /\b(?:instead of|rather than|do not use|don['’]?t use|never use|replaces?|deprecated|before (?:using|calling)|after (?:using|calling)|whenever|must (?:first|always|also)|always (?:call|use|set|pass|send|add)|when (?:using|calling)|is (?:broken|unsafe|insecure))\b/i;

/** Words that could be names of tools, where the first of each stands. `value` may be a bare string (instructions). */
function namedWords(value: unknown): readonly NamedWord[] {
  const words = new Map<string, NamedWord>();
  for (const { place, text } of textsOf(value)) {
    if (place === 'name' || words.size >= MAX_WORDS) continue;
    for (const match of text.slice(0, 32_768).matchAll(WORD)) {
      // Claude Code writes the tools of its servers as mcp__server__tool.
      const word = match[0].replace(/^mcp__/, '');
      if (word.length < MIN_WORD_CHARS || word.length > MAX_WORD_CHARS || words.has(word) || !COMPOUND.test(word))
        continue;
      const around = text.slice(Math.max(0, match.index - AROUND_CHARS), match.index + match[0].length + AROUND_CHARS);
      words.set(word, { word, place, around });
      if (words.size >= MAX_WORDS) break;
    }
  }
  return [...words.values()];
}

/** Reads a definition once. */
export function readMentions(name: string, value: unknown): Mentions {
  const words = namedWords(value).map(({ word }) => word);
  return { name, shape: shapeOf(name), words: words.join(' ') };
}

export function namesOfServer(serverId: string, names: readonly string[]): NamesOfServer {
  return { serverId, shapes: new Map(names.map((name) => [name, shapeOf(name)])) };
}

export function indexNames(servers: Iterable<NamesOfServer>): NamesIndex {
  const byName = new Map<string, string[]>();
  const byShape = new Map<string, { serverId: string; name: string }[]>();
  const add = <T>(map: Map<string, T[]>, key: string, value: T): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  };
  for (const { serverId, shapes } of servers) {
    for (const [name, shape] of shapes) {
      add(byName, name, serverId);
      add(byShape, shape, { serverId, name });
    }
  }
  return { byName, byShape };
}

/** Tools that came or went, in the spellings by which a definition may be concerned. */
export interface MovedNames {
  /** Own and exposed names. */
  readonly words: ReadonlySet<string>;
  readonly shapes: ReadonlySet<string>;
}

/** Whether they can change what is found in a definition with these mentions. */
export function concerns(mentions: Mentions, moved: MovedNames): boolean {
  if (moved.shapes.has(mentions.shape)) return true;
  for (const word of mentions.words.split(' ')) if (moved.words.has(word)) return true;
  return false;
}

/** Findings about one definition of a server beside the tools of the others. `value` is it once more, for the few that say something. */
export function scanAcross(
  mentions: Mentions,
  value: () => unknown,
  isTool: boolean,
  serverId: string,
  index: NamesIndex,
): readonly Finding[] {
  const findings: Finding[] = [];
  const isMention = (word: string): boolean => mentionOf(word, serverId, index) !== undefined;
  for (const { word, place, around } of mentions.words.split(' ').some(isMention) ? namedWords(value()) : []) {
    const said = mentionOf(word, serverId, index);
    if (said === undefined) continue;
    findings.push({
      rule: 'shadowing',
      severity: STEERING.test(around) ? 'medium' : 'low',
      place,
      excerpt: excerptOf(`${said}: ${around.replace(/\s+/g, ' ')}`),
    });
  }
  if (isTool) findings.push(...scanName(mentions, serverId, index));
  return findings;
}

/** `server/tool` if the word is the name of another server's tool, exposed or own, and no word of this server's own. */
function mentionOf(word: string, serverId: string, { byName }: NamesIndex): string | undefined {
  const servers = byName.get(word);
  if (servers !== undefined) return servers.includes(serverId) ? undefined : `${servers[0]}/${word}`;
  const at = word.indexOf('__');
  if (at === -1) return undefined;
  const [other, name] = [word.slice(0, at), word.slice(at + 2)];
  return other !== serverId && byName.get(name)?.includes(other) ? `${other}/${name}` : undefined;
}

function scanName({ name, shape }: Mentions, serverId: string, { byShape }: NamesIndex): readonly Finding[] {
  const place = 'name';
  // The same name on two servers is daily bread, and told apart by the server's name in front.
  const twin = byShape
    .get(shape)
    ?.find((each) => each.serverId !== serverId && each.name !== name && differsByDisguise(name, each.name));
  if (twin !== undefined) {
    const severity = /[^\x00-\x7f]/.test(name) ? 'high' : 'medium';
    return [
      { rule: 'lookalike', severity, place, excerpt: excerptOf(`${name} looks like ${twin.serverId}/${twin.name}`) },
    ];
  }
  return mixesAlphabets(name)
    ? [{ rule: 'lookalike', severity: 'medium', place, excerpt: excerptOf(`${name} mixes alphabets`) }]
    : [];
}

/** Case and separators alone are a matter of style, `1` for `l` and the like are not. */
function differsByDisguise(a: string, b: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/[-_. ]/g, '');
  return plain(a) !== plain(b);
}
