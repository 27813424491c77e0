// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/**
 * What a stored part may not say, whoever wrote it: it must not read the gateway's environment or files, and start no program,
 * unless the operator, who writes the file, allowed just that.
 */

import type { ConfigProblem } from '../../../contracts/config.ts';
import type { AdminConfig } from '../../../contracts/config-sections.ts';
import { matchesWildcard } from '../../../lib/wildcard.ts';
import { type Path, renderPath } from '../report.ts';
import { TRANSPORT_TYPES } from '../server-schema.ts';
import type { StoredPart } from './graft.ts';

export type StoredGuard = Pick<AdminConfig, 'references' | 'stdioCommands'>;

const ALLOWED_TYPES: readonly string[] = ['http', 'sse', 'openapi'];

/** Everything that is wrong with it, before its shape is looked at. */
export function guardPart(part: StoredPart, guard: StoredGuard): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: Path, message: string, remedy: string): void => {
    problems.push({ path: renderPath(path), line: undefined, column: undefined, message, remedy });
  };
  checkReferences(part.body, [], guard, add);
  if (part.kind === 'server') checkServer(part, guard, add);
  if (part.kind === 'webhook') checkWebhook(part, add);
  return problems;
}

type Add = (path: Path, message: string, remedy: string) => void;

function checkReferences(value: unknown, path: Path, guard: StoredGuard, add: Add): void {
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) checkReferences(each, [...path, i], guard, add);
    return;
  }
  if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      if (name.includes('${')) add([...path, name], 'a name cannot be a reference', 'write the name out');
      checkReferences(each, [...path, name], guard, add);
    }
    return;
  }
  if (typeof value !== 'string') return;
  for (const reference of referencesIn(value)) {
    if (guard.references.some((pattern) => matchesWildcard(pattern, reference))) continue;
    add(
      path,
      `a stored object may not refer to \${${reference.slice(0, 60)}}`,
      `ask the operator to list it in admin.references of the file, or write $\${ for the characters themselves`,
    );
  }
}

/** What stands between `${` and `}`, but where the `$` is doubled. A `${` that is never closed counts, too. */
function referencesIn(text: string): readonly string[] {
  const found: string[] = [];
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', at + 2)) {
    if (text[at - 1] === '$') continue;
    const end = text.indexOf('}', at);
    found.push(text.slice(at + 2, end === -1 ? undefined : end));
  }
  return found;
}

/** Only the file may have the gateway send something to this machine. */
function checkWebhook({ body }: StoredPart, add: Add): void {
  if (typeof body.url === 'string' && !/^https:\/\//i.test(body.url))
    add(['url'], 'has to be https in the store', 'write https://…, or put the webhook into the file');
}

function checkServer({ body }: StoredPart, guard: StoredGuard, add: Add): void {
  const { type, command, args, env, cwd, document } = body;
  const written = typeof type === 'string' && Object.hasOwn(TRANSPORT_TYPES, type) ? type : undefined;
  const declared = written === undefined ? undefined : TRANSPORT_TYPES[written as keyof typeof TRANSPORT_TYPES];
  for (const member of ['envFile', 'module', 'folder'])
    if (body[member] !== undefined)
      add([member], 'cannot be set here: it reaches files of the gateway', 'put the server into the file');
  if (declared === 'stdio' || command !== undefined) {
    if (isAllowedCommand(command, args, guard)) {
      if (env !== undefined || cwd !== undefined)
        add([env === undefined ? 'cwd' : 'env'], 'cannot be set here for a program', 'put the server into the file');
      return;
    }
    add(
      ['command'],
      'starting this program is not allowed here',
      'put the server into the file, or list the command in admin.stdioCommands of the file',
    );
    return;
  }
  if (declared !== undefined && !ALLOWED_TYPES.includes(declared))
    add(['type'], `a stored server cannot be of type ${declared}`, 'use http, sse or openapi');
  if (document !== undefined && !(typeof document === 'string' && /^https?:\/\//i.test(document)))
    add(['document'], 'expected a URL: files of the gateway cannot be read from here', 'write https://…');
}

/** Exactly this command, and arguments that fit one by one; `**` as the last pattern fits all that follow. */
function isAllowedCommand(command: unknown, args: unknown, guard: StoredGuard): boolean {
  const given = args ?? [];
  if (typeof command !== 'string' || !Array.isArray(given) || !given.every((each) => typeof each === 'string'))
    return false;
  return guard.stdioCommands.some((allowed) => {
    if (allowed.command !== command) return false;
    const isOpen = allowed.args.at(-1) === '**';
    const patterns = isOpen ? allowed.args.slice(0, -1) : allowed.args;
    if (isOpen ? given.length < patterns.length : given.length !== patterns.length) return false;
    return patterns.every((pattern, i) => matchesWildcard(pattern, given[i] ?? ''));
  });
}
