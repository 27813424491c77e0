/**
 * The walls of the house. The rooms are read from ARCHITECTURE.md, so that the picture cannot go stale. Every rule is
 * shown to bite by an offender planted in memory. Tests, fixtures and testing/ folders may reach anywhere.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { renderTimetable } from './pipeline/timetable.ts';

/** Source text by path relative to src/, with forward slashes. */
type Files = ReadonlyMap<string, string>;
type Rule = (files: Files) => string[];

const SRC = import.meta.dirname;
const ARCHITECTURE = readFileSync(join(SRC, '../ARCHITECTURE.md'), 'utf8');
const MAX_LINES = 300;

/** Folders of one room that may be imported by their neighbours, and the one frozen pair. */
const SIBLING_EXCEPTIONS: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^edges\//, /^edges\/http\//],
  // What all dialects of models do alike.
  [/^edges\/(openai-chat|openai-responses|openai|anthropic|gemini|execute)\//, /^edges\/models\//],
  [/^upstreams\//, /^upstreams\/http\//],
  [/^domain\/(agent|codemode)\//, /^domain\/tools\//],
  [/^domain\/(policy|limits|agent)\//, /^domain\/access\//],
  // What a script gives is shortened as any result is.
  [/^domain\/codemode\//, /^domain\/results\//],
  // A standing approval is a rule that somebody gave for a while.
  [/^domain\/approvals\//, /^domain\/policy\//],
  [/^platform\//, /^platform\/telemetry\//],
  // The trail lives in the same database as everything else the gateway keeps.
  [/^platform\/audit\//, /^platform\/stores\/(sqlite|postgres)\//],
];

const isTest = (path: string): boolean => /\.test\.ts$|(^|\/)(testing|fixtures)\//.test(path);
const roomOf = (path: string): string => path.split('/')[0] ?? '';

function readSources(): Files {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  const own = paths.filter((path) => path.endsWith('.ts') && !isTest(path));
  return new Map(own.map((path) => [path, readFileSync(join(SRC, path), 'utf8')]));
}

/** What a file imports: paths relative to src/ for our own, bare names for packages. */
function importsOf(path: string, text: string): string[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm),
    ...text.matchAll(/\bimport\(\s*'([^']+)'/g),
  ].map((match) => match[1] ?? '');
  return found.map((name) => (name.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), name)) : name));
}

/** The rooms table: what each room may import besides itself. */
function readRooms(text: string): Map<string, ReadonlySet<string>> {
  const rooms = new Map<string, ReadonlySet<string>>();
  const rows = [...text.matchAll(/^\| ((?:`\w+`,? ?)+) \| [^|]+ \| ([^|]+) \|$/gm)];
  const names = (cell: string): string[] => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
  const all = rows.flatMap((row) => names(row[1] ?? ''));
  for (const [, room = '', allowed = ''] of rows) {
    for (const name of names(room)) rooms.set(name, new Set(allowed.trim() === 'all' ? all : names(allowed)));
  }
  return rooms;
}

const rooms = readRooms(ARCHITECTURE);

/** A rule over each file by itself. */
const perFile =
  (check: (path: string, text: string) => readonly string[]): Rule =>
  (files) =>
    [...files].flatMap(([path, text]) => check(path, text).map((problem) => `${path}: ${problem}`));

/** A rule that keeps a pattern to some places. */
const onlyIn = (pattern: RegExp, places: RegExp, what: string): Rule =>
  perFile((path, text) => (pattern.test(text) && !places.test(path) ? [what] : []));

const importsOnlyIn = (names: RegExp, places: RegExp, what: string): Rule =>
  perFile((path, text) => (importsOf(path, text).some((name) => names.test(name)) && !places.test(path) ? [what] : []));

function findCycles(files: Files): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) cycles.push(`cycle: ${[...trail.slice(at), path].join(' -> ')}`);
    if (at !== -1 || done.has(path)) return;
    for (const next of importsOf(path, files.get(path) ?? '')) if (files.has(next)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return cycles;
}

const RULES: { readonly [name: string]: Rule } = {
  'every file is in a room of ARCHITECTURE.md': perFile((path) =>
    rooms.has(roomOf(path)) ? [] : [`"${roomOf(path)}" is no room`],
  ),
  'rooms import only what the table allows': perFile((path, text) =>
    importsOf(path, text)
      .filter((name) => rooms.has(roomOf(name)) && name.endsWith('.ts'))
      .filter((name) => roomOf(name) !== roomOf(path) && !rooms.get(roomOf(path))?.has(roomOf(name)))
      .map((name) => `may not import ${name}`),
  ),
  'imports lead to files that exist': (files) =>
    [...files].flatMap(([path, text]) =>
      importsOf(path, text)
        .filter((name) => name.endsWith('.ts') && !files.has(name))
        .map((name) => `${path}: ${name} is no source file`),
    ),
  'siblings do not import each other': perFile((path, text) =>
    importsOf(path, text)
      .filter(
        (name) =>
          name.endsWith('.ts') && roomOf(name) === roomOf(path) && !/^(app|pipeline|lib|contracts)\//.test(path),
      )
      .filter((name) => path.split('/').length > 2 && name.split('/').length > 2)
      .filter((name) => name.split('/')[1] !== path.split('/')[1])
      .filter((name) => !SIBLING_EXCEPTIONS.some(([from, to]) => from.test(path) && to.test(name)))
      .map((name) => `may not import its neighbour ${name}`),
  ),
  'wire revisions are frozen folders that never import each other': perFile((path, text) => {
    const own = /(rev-\d+)\//.exec(path)?.[1];
    return importsOf(path, text).filter(
      (name) => own !== undefined && /rev-\d+/.test(name) && !name.includes(`${own}/`),
    );
  }),
  'there is no import cycle': findCycles,
  'process.env only in platform/config': onlyIn(
    /\bprocess\s*(?:\.\s*env\b|\[)|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/,
    /^platform\/config\//,
    'reads process.env',
  ),
  'processes are started only in upstreams/mcp and platform/sandbox': importsOnlyIn(
    /^(node:)?(child_process|cluster)$/,
    /^(upstreams\/mcp|platform\/sandbox)\//,
    'starts processes',
  ),
  'SQLite only in its store and in the audit trail': importsOnlyIn(
    /^node:sqlite$/,
    /^platform\/(stores\/sqlite|audit)\//,
    'uses node:sqlite',
  ),
  'the driver of PostgreSQL only in its store': importsOnlyIn(/^pg$/, /^platform\/stores\/postgres\//, 'uses pg'),
  'CEL only in lib/cel, which bounds it': importsOnlyIn(
    /^@marcbachmann\/cel-js/,
    /^lib\/cel\.ts$/,
    'uses CEL unbounded',
  ),
  'domain has no I/O, no clock and no randomness': perFile((path, text) => {
    if (!path.startsWith('domain/')) return [];
    const io = importsOf(path, text).filter((name) => /^(node:|undici$)/.test(name) && name !== 'node:crypto');
    const impure =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|randomUUID|randomBytes|setTimeout|setInterval|fetch(?=\())\b/.exec(
        text,
      );
    return [...io.map((name) => `imports ${name}`), ...(impure ? [`uses ${impure[0]}`] : [])];
  }),
  'the gateway sends requests with undici, never with fetch': onlyIn(/(?<![.\w])fetch\(/, /^$/, 'calls fetch'),
  'there are no default exports': onlyIn(
    /^export default\b|^export \{[^}]*\bas default\b/m,
    /^$/,
    'has a default export',
  ),
  'there is no module-level state': perFile((_, text) => [
    ...[...text.matchAll(/^(?:export )?(?:let|var) (\w+)/gm)].map((match) => `${match[1]} can change`),
    ...[
      ...text.matchAll(/^(?:export )?const (\w+)[^=\n]*= (?:new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)|\[\]|\{\});/gm),
    ].map((match) => `${match[1]} begins empty, so it must be meant to be filled`),
  ]),
  'there is no syntax that Node 22 cannot parse': onlyIn(/^\s*(?:await )?using \w+ =/m, /^$/, 'says `using`'),
  'every file opens with a comment that says what lives here': perFile((_, text) =>
    /^(#!.*\n)?(\/\/ biome-ignore-all.*\n)*\/\*\*/.test(text) ? [] : ['has no opening comment'],
  ),
  [`no file is longer than ${MAX_LINES} lines, unless it says "Long because"`]: perFile((_, text) =>
    text.split('\n').length > MAX_LINES && !/\bLong because\b/.test(text) ? [`${text.split('\n').length} lines`] : [],
  ),
};

const sources = readSources();

for (const [name, rule] of Object.entries(RULES)) {
  test(name, () => assert.deepEqual(rule(sources), []));
}

const OPEN = '/** What lives here. */\n';
/** For each rule, files that break it. */
const OFFENDERS: { readonly [name: string]: readonly { readonly [path: string]: string }[] } = {
  'every file is in a room of ARCHITECTURE.md': [{ 'utils/x.ts': OPEN }],
  'rooms import only what the table allows': [
    { 'domain/access/x.ts': "import { a } from '../../platform/config/environment.ts';\n" },
    { 'edges/mcp/x.ts': "import type {\n  A,\n} from '../../pipeline/gateway.ts';\n" },
    { 'lib/x.ts': "export { a } from '../contracts/call.ts';\n" },
    { 'upstreams/mcp/x.ts': "const x = await import('../../edges/http/exchange.ts');\n" },
  ],
  'imports lead to files that exist': [{ 'lib/x.ts': "import { a } from './y.ts';\n" }],
  'siblings do not import each other': [
    { 'platform/config/x.ts': "import { a } from '../audit/journal.ts';\n" },
    { 'edges/http/x.ts': "import { a } from '../mcp/classify.ts';\n" },
  ],
  'wire revisions are frozen folders that never import each other': [
    { 'edges/mcp/rev-2026/x.ts': "import { a } from '../rev-2025/y.ts';\n" },
  ],
  'there is no import cycle': [
    {
      'lib/a.ts': "import { b } from './b.ts';\n",
      'lib/b.ts': "import './c.ts';\n",
      'lib/c.ts': "import { a } from './a.ts';\n",
    },
  ],
  'process.env only in platform/config': [
    { 'app/x.ts': 'const a = process.env.A;\n' },
    { 'app/x.ts': "const a = process['env'];\n" },
    { 'app/x.ts': 'const { env } = process;\n' },
  ],
  'processes are started only in upstreams/mcp and platform/sandbox': [
    { 'app/x.ts': "import { spawn } from 'node:child_process';\n" },
    { 'pipeline/x.ts': "const { spawn } = await import('child_process');\n" },
  ],
  'SQLite only in its store and in the audit trail': [{ 'app/x.ts': "import { DatabaseSync } from 'node:sqlite';\n" }],
  'the driver of PostgreSQL only in its store': [{ 'platform/audit/x.ts': "import pg from 'pg';\n" }],
  'CEL only in lib/cel, which bounds it': [
    { 'domain/policy/x.ts': "import { evaluate } from '@marcbachmann/cel-js';\n" },
  ],
  'domain has no I/O, no clock and no randomness': [
    { 'domain/access/x.ts': "import { readFileSync } from 'node:fs';\n" },
    { 'domain/access/x.ts': 'export const f = () => Date.now();\n' },
  ],
  'the gateway sends requests with undici, never with fetch': [{ 'app/x.ts': 'const a = await fetch(url);\n' }],
  'there are no default exports': [{ 'lib/x.ts': 'export default 1;\n' }, { 'lib/x.ts': 'export { a as default };\n' }],
  'there is no module-level state': [
    { 'lib/x.ts': 'let count = 0;\n' },
    { 'lib/x.ts': 'export const seen = new Map<string, Set<number>>();\n' },
    { 'lib/x.ts': 'const all: string[] = [];\n' },
  ],
  'there is no syntax that Node 22 cannot parse': [{ 'lib/x.ts': 'const f = () => {\n  using a = open();\n};\n' }],
  'every file opens with a comment that says what lives here': [{ 'lib/x.ts': 'export const a = 1;\n' }],
  [`no file is longer than ${MAX_LINES} lines, unless it says "Long because"`]: [
    { 'lib/x.ts': '\n'.repeat(MAX_LINES) },
  ],
};

test('every rule bites its planted offenders, and leaves the innocent alone', () => {
  assert.deepEqual(Object.keys(OFFENDERS), Object.keys(RULES));
  const innocent = {
    'lib/good.ts': `${OPEN}import { b } from './fine.ts';\nimport { x } from 'undici';\nexport const a = new Set(['x']);\n`,
    'lib/fine.ts': `${OPEN}export const b = 1;\n`,
    'edges/mcp/x.ts': `${OPEN}import { a } from '../http/y.ts';\nimport type { b } from '../../lib/fine.ts';\n`,
    'edges/http/y.ts': `${OPEN}export const a = () => 'process.envelope';\n`,
  };
  for (const [name, rule] of Object.entries(RULES)) {
    assert.deepEqual(rule(new Map(Object.entries(innocent))), [], name);
    for (const offender of OFFENDERS[name] ?? []) {
      assert.ok(rule(new Map(Object.entries(offender))).length > 0, `${name}: ${JSON.stringify(offender)}`);
    }
  }
});

test('ARCHITECTURE.md can be read in one sitting and shows the timetable as it is', () => {
  assert.ok(ARCHITECTURE.split('\n').length <= 200);
  assert.ok(ARCHITECTURE.includes(renderTimetable()), `put this into ARCHITECTURE.md:\n${renderTimetable()}`);
});
