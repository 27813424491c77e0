/** `portcullis users explain`: what a person may do who comes with an access token, and why. */

import type { Command } from 'commander';
import type { KnownUser } from '../../contracts/caller.ts';
import type { GatewayConfig } from '../../contracts/config.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { OAuthGrant } from '../../contracts/oauth-store.ts';
import { isObject } from '../../lib/is-object.ts';
import { PERSON_PREFIX } from '../../pipeline/authorization/own-tokens.ts';
import { createLiveDirectory } from '../../pipeline/directory/live-directory.ts';
import type { ExplainedCaller } from '../../pipeline/explain-caller.ts';
import { type CallerDirectory, findInForce } from '../find-caller.ts';
import { findGrantHolder, findTokenCaller } from '../find-token-caller.ts';
import type { Stores } from '../open-stores.ts';
import { CommandError, EXIT } from './command-error.ts';
import { type ExplainOptions, type FindExplained, runExplain, withQuestion } from './explain-key.ts';
import { withDataOptions } from './shared-options.ts';

interface UserOptions extends ExplainOptions {
  readonly client?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly claims?: string;
  readonly scope?: readonly string[];
}

/** More than anybody lets in; the rest is named by its id. */
const MAX_GRANTS = 1_000;

function readClaims(text: string | undefined): JsonObject {
  let value: unknown = {};
  try {
    if (text !== undefined) value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw new CommandError(EXIT.usage, '--claims wants a JSON object');
  return value as JsonObject;
}

function requireUser(directory: CallerDirectory, nameOrId: string | undefined): KnownUser {
  if (nameOrId === undefined) throw new CommandError(EXIT.usage, 'name a user, or --issuer with --subject');
  const found = directory.findUser?.({ id: nameOrId }) ?? directory.findUser?.({ name: nameOrId });
  if (found !== undefined) return found;
  throw new CommandError(EXIT.failed, `there is no user ${JSON.stringify(nameOrId)}`, 'See `portcullis users list`.');
}

/** As whom that issuer knows them. */
function subjectOf(user: KnownUser | undefined, claims: JsonObject, { issuer, subject }: UserOptions): string {
  const known = user?.identities.find((each) => each.issuer === issuer)?.subject;
  const found = subject ?? known ?? (typeof claims.sub === 'string' ? claims.sub : undefined);
  if (found !== undefined) return found;
  throw new CommandError(EXIT.usage, `nobody knows which subject that is at ${issuer}`, 'Name it with --subject.');
}

async function findClient(stores: Stores, user: KnownUser, client: string): Promise<OAuthGrant> {
  const store = await stores.oauth();
  const all = await store.listGrants({ userId: user.id, limit: MAX_GRANTS });
  const byId = all.filter(({ id }) => id === client);
  const matches =
    byId.length > 0 ? byId : all.filter(({ clientId, clientName }) => clientId === client || clientName === client);
  const [found, other] = matches;
  if (found === undefined)
    throw new CommandError(EXIT.failed, `${user.name} has let in no client ${JSON.stringify(client)}`);
  if (other === undefined) return found;
  const ids = matches.map(({ id, resource }) => `${id} (${resource})`).join(', ');
  throw new CommandError(EXIT.failed, `${user.name} has let it in several times`, `Name one by its id: ${ids}.`);
}

const finderOf =
  (name: string | undefined, options: UserOptions): FindExplained =>
  async (stores, config: GatewayConfig, place): Promise<ExplainedCaller> => {
    const { client, issuer, scope: scopes } = options;
    const directory = createLiveDirectory({ store: await stores.objects(), ofFile: () => config.people ?? [] });
    await directory.refresh();
    if (issuer !== undefined) {
      const user = name === undefined ? undefined : requireUser(directory, name);
      const claims = readClaims(options.claims);
      const token = { issuer, subject: subjectOf(user, claims, options), claims, scopes };
      const found = findTokenCaller(directory, config, token);
      const isTheirs = user === undefined || found.levels?.some(({ type, id }) => type === 'user' && id === user.id);
      if (isTheirs || found.barred !== undefined) return found;
      throw new CommandError(EXIT.failed, `that subject of ${issuer} is somebody else here than ${user?.name}`);
    }
    const user = requireUser(directory, name);
    if (client !== undefined) return findGrantHolder(directory, config, await findClient(stores, user, client), place);
    const keyId = PERSON_PREFIX + user.id;
    const found = findInForce(directory, config, keyId);
    if (found !== undefined) return { ...found, scopes };
    const barred =
      config.authorizationServer === undefined
        ? 'the gateway issues none: "authorization.server" is not configured'
        : 'they are switched off, or a team or organisation of theirs is gone';
    const nothing = { allow: [], deny: [] };
    return { keyId, keyName: `oauth:user:${user.name}`, grant: nothing, scopes: scopes ?? [], barred };
  };

async function run(name: string | undefined, options: UserOptions): Promise<void> {
  const { client, issuer, subject, claims, scope } = options;
  if (client !== undefined && (issuer !== undefined || scope !== undefined))
    throw new CommandError(EXIT.usage, '--client says which token it is: leave --issuer and --scope out');
  if (issuer === undefined && (subject !== undefined || claims !== undefined))
    throw new CommandError(EXIT.usage, '--subject and --claims go with --issuer');
  await runExplain(finderOf(name, options), options);
}

/** Adds it to `users`. */
export function addExplainUser(users: Command): void {
  const command = withDataOptions(users.command('explain'))
    .description('Say what somebody who comes with an access token may do and why, without calling anything')
    .argument('[user]', 'by name or id; may be left out with --issuer and --subject')
    .option(
      '--client <client>',
      'with what they let this client do, by its name or id (default: all that a token may be for)',
    )
    .option('--issuer <url>', 'with a token of this issuer in "authorization.issuers"')
    .option('--subject <sub>', 'as whom the issuer knows them (default: as they sign in with it)')
    .option('--claims <json>', 'further claims of the token')
    .option('--scope <scopes...>', 'what the token is for (default: what its claims say, or all)');
  withQuestion(command).action(run);
}
