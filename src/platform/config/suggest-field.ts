/** What somebody probably meant by a field we do not know: a misspelling, or the right word in the wrong place. */

import { closest } from '../../lib/closest.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { Audit } from './audit-schema.ts';
import { Key } from './key-schema.ts';
import { Listen } from './listen-schema.ts';
import { PolicyRuleEntry } from './policy-schema.ts';
import { type Path, renderPath } from './report.ts';
import { Anonymous, ConfigFile, Limits, LogSection, ServerOptions } from './schema.ts';
import { EFFECTIVE_FIELDS, WITHOUT_EFFECT } from './server-schema.ts';

/** Where each of our fields lives, first home first. */
const HOMES: readonly (readonly [field: string, home: string])[] = [
  ...Object.keys(Listen.shape).map((field) => [field, `listen.${field}`] as const),
  ...Object.keys(Limits.shape).map((field) => [field, `limits.${field}`] as const),
  ...Object.keys(Audit.shape).map((field) => [field, `audit.${field}`] as const),
  ...Object.keys(LogSection.shape).map((field) => [field, `log.${field}`] as const),
  ...Object.keys(ServerOptions.shape).map((field) => [field, `serverOptions.<server>.${field}`] as const),
  ...Object.keys(Anonymous.shape).map((field) => [field, `keys[].${field}`] as const),
  ...Object.keys(Key.shape).map((field) => [field, `keys[].${field}`] as const),
  ...Object.keys(PolicyRuleEntry.shape).map((field) => [field, `policy.rules[].${field}`] as const),
  ...EFFECTIVE_FIELDS.map((field) => [field, `mcpServers.<server>.${field}`] as const),
];

/** Other words for our fields, as other programs or plain habit have them. */
const OTHER_WORDS: { readonly [word: string]: string } = {
  server: 'mcpServers',
  context_servers: 'mcpServers',
  mcp_servers: 'mcpServers',
  apikeys: 'keys',
  virtualkeys: 'keys',
  tokens: 'keys',
  auth: 'keys',
  bind: 'listen.host',
  address: 'listen.host',
  hostname: 'listen.host',
  loglevel: 'log.level',
  logging: 'log',
  options: 'serverOptions',
  transport: 'type',
  environment: 'env',
  arguments: 'args',
  cmd: 'command',
  executable: 'command',
  endpoint: 'url',
  uri: 'url',
  workingdirectory: 'cwd',
  requesttimeout: 'serverOptions.<server>.callTimeoutMs',
  timeout: 'serverOptions.<server>.callTimeoutMs',
  timeoutms: 'serverOptions.<server>.callTimeoutMs',
  permissions: 'allow',
  condition: 'when',
  effect: 'action',
  secret: 'value',
  key: 'value',
  token: 'value',
};

/** Names we understand but would not recommend. */
const ALIASES: { readonly [field: string]: string } = { servers: 'mcpServers' };

/** A remedy for the unknown field at the end of `path`, whose object has the fields `known`; `value` is what it holds. */
export function suggestField(path: Path, known: readonly string[], value: JsoncNode | undefined): string | undefined {
  const field = String(path.at(-1) ?? '');
  const isTop = path.length === 1;
  const plain = field.toLowerCase().replace(/[-\s.]/g, '');
  if (isTop && value?.type === 'object' && value.members.some((each) => each.key === 'command' || each.key === 'url'))
    return 'put it into "mcpServers"';
  if (!isTop && (plain === 'expiresat' || plain === 'expires') && path[0] === 'keys')
    return 'keys in the file end when they are taken out of it; make one that expires with: portcullis keys create';
  const usable = known.filter((each) => isUseful(each, known) || path[0] === 'keys');
  const near = closest(field, usable);
  if (near !== undefined && near.toLowerCase() === field.toLowerCase()) return didYouMean(near);
  const other = Object.hasOwn(OTHER_WORDS, plain) ? OTHER_WORDS[plain] : undefined;
  if (other !== undefined && (isPath(other) || known.includes(other) || isTop)) return place(other, path);
  const exact = HOMES.find(([name]) => name === field && !known.includes(name));
  if (exact) return place(exact[1], path);
  if (near !== undefined) return didYouMean(ALIASES[near] ?? near);
  const elsewhere = closest(
    field,
    HOMES.map(([name]) => name),
  );
  const home = HOMES.find(([name]) => name === elsewhere);
  return isTop && home ? place(home[1], path) : undefined;
}

/** The fields to name in "known here"; none where the list would be long. */
export function knownFields(known: readonly string[]): string {
  const shown = known.includes('mcpServers')
    ? Object.keys(ConfigFile.shape).filter((f) => !(f in ALIASES || f === 'mcp' || f === 'inputs'))
    : known;
  return shown.filter((field) => isUseful(field, known)).join(', ');
}

/** Of the fields of a server some are accepted without effect; other parts may have fields of the same names. */
function isUseful(field: string, known: readonly string[]): boolean {
  return !Object.hasOwn(WITHOUT_EFFECT, field) || !known.includes('command');
}

function isPath(target: string): boolean {
  return /[.[]/.test(target);
}

function didYouMean(field: string): string {
  return `did you mean "${field}"?`;
}

/** Fills in the server's name where the path tells it. */
function place(home: string, path: Path): string {
  if (!isPath(home)) return didYouMean(home);
  const name = path.length > 2 && typeof path[1] === 'string' ? path[1] : undefined;
  const [section = '', marker, field = ''] = home.split('.');
  if (name === undefined || marker !== '<server>') return `did you mean ${home}?`;
  return `did you mean ${renderPath([section, name, field])}?`;
}
