/** Words as search compares them: split as people read them, without endings, with those that mean the same. */

/** Words that say nothing about what a tool is for. */
const STOP = new Set(
  (
    'a an and are as at be between by can do for from has have how i if in into is it its me my of on or our out so some that the their them then there ' +
    'these this to up use used using want was we were what when where which who will with would you your please need tool tools api given ' +
    'via one all any'
  ).split(' '),
);

/** Groups of words that are asked for one another; stems. */
const GROUPS = [
  'create add new make insert open post',
  'delete remove destroy erase drop trash',
  'update edit modify change set patch rename',
  'list show enumerate browse',
  'get fetch read retrieve view load lookup',
  'search find query look filter',
  'send post publish deliver',
  'message chat dm',
  'email mail gmail',
  'issue ticket bug task todo',
  'repository repo',
  'pr pull merge',
  'comment reply note',
  'file document doc',
  'folder directory dir',
  'user person people member account',
  'customer client',
  'picture image photo screenshot',
  'web website page url site internet',
  'event appointment meeting calendar',
  'record row entry',
  'run execute start launch trigger',
  'stop cancel abort halt terminate',
  'invoice bill',
  'order purchase',
  'weather forecast',
  'directions route way',
  'distance far',
  'available availability free taken',
  'multiple several many batch bulk',
  'remember memory save store observation fact',
  'time schedule',
  'error failure fail broken',
  'permission access role right',
  'video recording',
  'test check verify validate',
  'library package dependency',
  'build compile',
  'rate limit quota',
  'summary summarize summarise overview',
  'translate translation language',
  'location place address geocode coordinates nearby local restaurant shop hotel',
  'log logs history',
  'metric metrics statistics stats',
  'deploy deployment release',
  'database db sql',
  'chart graph plot diagram',
  'key secret token credential',
  'label tag',
  'team group',
  'copy duplicate clone',
  'upload import',
  'download export',
  'price cost quote',
  'subscription plan',
  'domain dns',
  'server vps instance',
  'form survey',
];

/** They end like a plural, and are none. */
const SINGULAR = new Set('news dns css sms aws ios os gas bus series canvas alias atlas lens'.split(' '));

/** Endings of English, the plainest of them: enough for names and one sentence. */
export function stem(word: string): string {
  if (word.length <= 3 || SINGULAR.has(word)) return word;
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.endsWith('s') && !/(?:ss|us|is)$/.test(word)) return stem(word.slice(0, -1));
  if (word.endsWith('ing') && word.length > 5) return undouble(word.slice(0, -3));
  if (word.endsWith('ed') && word.length > 4) return undouble(word.slice(0, -2));
  if (word.endsWith('e') && word.length > 4) return word.slice(0, -1);
  return word;
}

/** `running` → `run`. */
function undouble(word: string): string {
  const doubled = /([bdgmnprt])\1$/.test(word) ? word.slice(0, -1) : word;
  return doubled.endsWith('e') && doubled.length > 4 ? doubled.slice(0, -1) : doubled;
}

/** `listIssues2`, `list_issues`, `Übersicht` in parts, lower case, without accents. */
export function splitWords(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

export const termsOf = (text: string): string[] =>
  splitWords(text)
    .filter((word) => !STOP.has(word))
    .map(stem);

/** Stem → the stems that are asked for it. */
export function synonyms(): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>();
  for (const group of GROUPS) {
    const stems = group.split(' ').map(stem);
    for (const word of stems) {
      const known = groups.get(word) ?? new Set();
      for (const other of stems) if (other !== word) known.add(other);
      groups.set(word, known);
    }
  }
  return new Map([...groups].map(([word, others]) => [word, [...others]]));
}

const READING = new Set(
  'get list search find read show fetch query view describe retrieve lookup count check browse'.split(' '),
);
const CHANGING = new Set(
  (
    'add create delete remove update edit set put post push send move copy rename write upload import insert upsert patch apply install run start stop ' +
    'cancel close open merge approve reject enable disable assign unassign invite publish deploy restart reset retry schedule mute archive restore ' +
    'attach detach link unlink fork generate make draw reply react comment turn boot scale undo commit save remember accept rerun erase claim'
  ).split(' '),
);

/** What the words are about: something that is only looked at, something that is done, or nobody knows. */
export function intentOf(text: string): 'reads' | 'changes' | undefined {
  for (const word of splitWords(text)) {
    if (READING.has(word)) return 'reads';
    if (CHANGING.has(word) || CHANGING.has(stem(word))) return 'changes';
  }
  return undefined;
}
