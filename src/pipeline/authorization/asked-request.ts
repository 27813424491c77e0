/** A request of a client that waits for a person, and what of it makes it another question. */

import type { Interaction } from 'oidc-provider';
import { SCOPES } from '../../contracts/access-tokens.ts';
import type { UserActor } from '../../contracts/accounts.ts';
import type { ConsentRequest } from '../../contracts/authorization-server.ts';
import { readRedirectUri } from '../../domain/authorization/redirect-uris.ts';
import type { Clients } from './clients.ts';
import type { KeptRecords } from './kept-records.ts';
import type { Running } from './protocol.ts';

export interface AskedRequest {
  readonly id: string;
  readonly interaction: Interaction;
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The client wants the person asked whatever they said before. */
  readonly isAskedAgain: boolean;
}

/** Undefined: unknown, of somebody else, answered, or too old. */
export async function findAskedRequest(
  deps: { readonly records: KeptRecords; readonly clients: Clients; readonly now: () => number },
  { provider }: Running,
  user: UserActor,
  id: string,
): Promise<AskedRequest | undefined> {
  const kept = await deps.records.find('request', id);
  if (kept === undefined || kept.consumedAtMs !== undefined || kept.expiresAtMs <= deps.now()) return undefined;
  const interaction = await provider.Interaction.find(id);
  if (interaction?.session?.accountId !== user.id) return undefined;
  const param = (name: string): string => {
    const value = interaction.params[name];
    return typeof value === 'string' ? value : '';
  };
  const client = await deps.clients.find(param('client_id'), true);
  if (client.type !== 'found') return undefined;
  return {
    ...{ id, interaction, clientId: param('client_id'), clientName: String(client.metadata.client_name) },
    ...{ redirectUri: param('redirect_uri'), resource: param('resource'), scopes: param('scope').split(' ') },
    isAskedAgain: param('prompt').split(' ').includes('consent'),
  };
}

/** Of one that was accepted before. */
export function targetOf(redirectUri: string): ConsentRequest['redirect'] {
  const read = readRedirectUri(redirectUri);
  return 'problem' in read ? { type: 'app', to: redirectUri } : read;
}

/** Another client, other scopes, another endpoint or another address to go back to are another question. */
export function consentKey(user: UserActor, { clientId, redirectUri, scopes, resource }: AskedRequest): string {
  return JSON.stringify(['consent', user.id, clientId, redirectUri, [...scopes].sort(), resource]);
}

/** Scopes that are not ours mean nothing here; who asks for none of ours gets the default. */
export function withOwnScopes(given: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams(given);
  if (query.getAll('scope').length > 1) return query;
  const asked = (query.get('scope') ?? '').split(' ');
  const own = SCOPES.filter((scope) => asked.includes(scope));
  query.set('scope', (own.length === 0 ? SCOPES.slice(0, 1) : own).join(' '));
  return query;
}
