/** `portcullis admin-tokens create|list|revoke`: what opens the admin API, in the gateway's store. */

import { type Command, Option } from 'commander';
import { ROLES, type Role } from '../../contracts/admin.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { ObjectConflict, type ObjectStore, type ObjectWrite, type StoredObject } from '../../contracts/objects.ts';
import { type AdminTokenBody, AdminTokenShape } from '../../contracts/shapes/directory.ts';
import { createAccessToken, createObjectId } from '../../lib/access-token.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandOrigin, listAll, withObjects } from './open-objects.ts';
import { parseMoment } from './parse-moment.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { type Cell, paint, print, printJson, printNote, printTable, renderTime } from './terminal.ts';

interface CreateOptions extends DataOptions {
  readonly name: string;
  readonly role: Role;
  readonly expires?: string;
  readonly json?: boolean;
}

const bodyOf = (object: StoredObject): AdminTokenBody => object.body as AdminTokenBody;
const prefixOf = (object: StoredObject): string => bodyOf(object).secrets.at(-1)?.prefix ?? '';
const renderMoment = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What may be shown of a token: everything but its hash. */
function publicToken(token: StoredObject): { readonly [field: string]: unknown } {
  const { name, role, expiresAtMs, revokedAtMs } = bodyOf(token);
  return {
    ...{ id: token.id, name, role, prefix: prefixOf(token), createdAt: renderMoment(token.createdAtMs) },
    ...{ expiresAt: renderMoment(expiresAtMs), revokedAt: renderMoment(revokedAtMs) },
  };
}

function readExpiry(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const expiresAtMs = parseMoment(text, nowMs, 1);
  if (expiresAtMs === undefined)
    throw new CommandError(EXIT.usage, '--expires wants a span such as 30d, or a date such as 2027-01-31');
  if (expiresAtMs <= nowMs) throw new CommandError(EXIT.usage, '--expires lies in the past');
  return expiresAtMs;
}

async function write(store: ObjectStore, change: ObjectWrite, name: string, nowMs: number): Promise<StoredObject> {
  try {
    const [written] = await store.write([change], commandOrigin(), nowMs);
    if (written === undefined) throw new Error('nothing was stored');
    return written;
  } catch (error) {
    if (!(error instanceof ObjectConflict)) throw error;
    if (error.reason === 'exists')
      throw new CommandError(
        EXIT.failed,
        `there is an admin token named ${JSON.stringify(name)}`,
        'Choose another name.',
      );
    throw new CommandError(EXIT.failed, 'somebody else changed this token just now', 'Try again.');
  }
}

async function runCreate(options: CreateOptions): Promise<void> {
  const nowMs = Date.now();
  const { token: secret, hash, prefix } = createAccessToken('pca');
  const secrets = [{ hash, prefix, createdAtMs: nowMs }];
  const read = AdminTokenShape.safeParse({
    ...{ name: options.name, role: options.role, expiresAtMs: readExpiry(options.expires, nowMs), secrets },
  });
  if (!read.success) throw new CommandError(EXIT.usage, '--name wants 1 to 200 characters');
  // What is undefined must not stand in a body: it has no JSON.
  const body = JSON.parse(JSON.stringify(read.data)) as JsonObject;
  const { name } = read.data;
  const id = createObjectId('token');
  const token = await withObjects(
    options,
    (store) => write(store, { action: 'create', kind: 'admin-token', id, name, body }, name, nowMs),
    { mayCreate: true },
  );
  if (options.json) {
    printJson({ ...publicToken(token), secret });
    return;
  }
  print(secret);
  printNote(`Admin token ${name} (${prefix}…, ${options.role}) is shown this once; only its hash is kept.`);
}

function stateOf({ revokedAtMs, expiresAtMs }: AdminTokenBody, nowMs: number): Cell {
  if (revokedAtMs !== undefined) return { text: 'revoked', style: 'red' };
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return { text: 'expired', style: 'yellow' };
  return { text: 'active', style: 'green' };
}

async function runList(options: DataOptions & { readonly json?: boolean }): Promise<void> {
  const tokens = await withObjects(options, (store) => listAll(store, 'admin-token'));
  if (options.json) {
    printJson(tokens.map(publicToken));
    return;
  }
  if (tokens.length === 0)
    printNote('There are no admin tokens. Make one with `portcullis admin-tokens create --name me --role owner`.');
  const nowMs = Date.now();
  printTable(
    ['PREFIX', 'NAME', 'ROLE', 'STATE', 'CREATED', 'EXPIRES'],
    tokens.map((token) => [
      ...[prefixOf(token), token.name, bodyOf(token).role, stateOf(bodyOf(token), nowMs)],
      ...[renderTime(token.createdAtMs), renderTime(bodyOf(token).expiresAtMs)],
    ]),
  );
}

async function runRevoke(which: string, options: DataOptions & { readonly json?: boolean }): Promise<void> {
  const revoked = await withObjects(options, async (store) => {
    const found = (await listAll(store, 'admin-token')).find(
      (token) => token.id === which || token.name === which || prefixOf(token) === which,
    );
    if (found === undefined)
      throw new CommandError(
        EXIT.failed,
        `no admin token matches ${JSON.stringify(which)}`,
        'See `portcullis admin-tokens list`.',
      );
    if (bodyOf(found).revokedAtMs !== undefined) return found;
    const { kind, id, name, version } = found;
    const nowMs = Date.now();
    const body = { ...found.body, revokedAtMs: nowMs };
    return write(store, { action: 'update', kind, id, name, body, ifVersion: version }, name, nowMs);
  });
  if (options.json) {
    printJson(publicToken(revoked));
    return;
  }
  print(`${paint('red', 'revoked')} ${revoked.name} (${prefixOf(revoked)}…)`);
}

/** Adds the command. */
export function adminTokensCommand(program: Command): void {
  const tokens = program.command('admin-tokens').description('Create, list and revoke the tokens of the admin API');
  withDataOptions(tokens.command('create'))
    .description('Create an admin token and print its secret, once')
    .requiredOption('-n, --name <name>', 'what it is called in lists and in the record of changes; unique')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--expires <when>', 'span (30d, 12h) or date (2027-01-31)')
    .option('--json', 'print the token and its secret as JSON')
    .addHelpText(
      'after',
      `
Examples:
  portcullis admin-tokens create --name me --role owner
  portcullis admin-tokens create --name terraform --role admin --expires 90d`,
    )
    .action(runCreate);
  withDataOptions(tokens.command('list'))
    .description('List admin tokens: prefix, name, role, state and dates')
    .option('--json', 'print as a JSON array')
    .action(runList);
  withDataOptions(tokens.command('revoke'))
    .description('Revoke an admin token at once, for good')
    .argument('<token>', 'its name, prefix or id')
    .option('--json', 'print the revoked token as JSON')
    .action(runRevoke);
}
