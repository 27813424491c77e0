/** Whom a client's request is asked of, and what comes of the answer. */

import type { UserActor } from '../../contracts/accounts.ts';
import type { AuthorizationDesk, AuthorizationEnd, ConsentRequest } from '../../contracts/authorization-server.ts';
import type { Log } from '../../contracts/log.ts';
import type { OAuthGrant, OAuthStore } from '../../contracts/oauth-store.ts';
import { type AskedRequest, consentKey, findAskedRequest, targetOf, withOwnScopes } from './asked-request.ts';
import type { Clients } from './clients.ts';
import { PATHS, requestIdOf } from './create-provider.ts';
import type { KeptRecords } from './kept-records.ts';
import type { Protocol, Running } from './protocol.ts';

export interface DeskDeps {
  readonly protocol: Protocol;
  readonly store: OAuthStore;
  readonly records: KeptRecords;
  readonly clients: Clients;
  readonly isOpen: () => boolean;
  /** Whether whom a grant acts as may still be acted as. */
  readonly isAlive: (grant: OAuthGrant) => Promise<boolean>;
  /** Personal keys in force. */
  readonly ownKeys: (userId: string) => Promise<ConsentRequest['keys']>;
  /** Writes down that a grant was made or ended by its person. Rejects if it cannot: then it is not done. */
  readonly note: (event: 'granted' | 'ended', grant: OAuthGrant, by: UserActor) => Promise<void>;
  readonly now: () => number;
  /** 16 random hex digits. */
  readonly newHex: () => string;
  readonly log: Log;
}

const MAX_QUERY_CHARS = 8_000;
const MAX_LISTED = 200;

export function createDesk(deps: DeskDeps): AuthorizationDesk {
  const { protocol, store, records, now, log } = deps;

  /** With what it runs in; undefined like `findAskedRequest`. */
  const find = async (user: UserActor, id: string) => {
    const running = await protocol.open();
    const request = running && (await findAskedRequest(deps, running, user, id));
    return running && request && { running, request };
  };

  const finish = async (
    running: Running,
    user: UserActor,
    { interaction, id, clientName }: AskedRequest,
    result: object,
  ): Promise<AuthorizationEnd | undefined> => {
    interaction.result = result;
    await interaction.save(Math.max(1, interaction.exp - Math.floor(now() / 1_000)));
    const answer = await protocol.ask(running, user, new URL(interaction.returnTo).pathname, id);
    if (answer.type === 'redirect') return { ...answer, clientName };
    log.warn('an answer could not be handed to an OAuth client', { reason: answer.reason });
    return undefined;
  };

  /** Of an answer that stands for later requests, the grant it made. */
  const findRemembered = async (user: UserActor, request: AskedRequest): Promise<OAuthGrant | undefined> => {
    if (request.isAskedAgain || targetOf(request.redirectUri).type !== 'web') return undefined;
    const consent = await records.find('consent', consentKey(user, request));
    if (consent?.grantId === undefined || consent.expiresAtMs <= now()) return undefined;
    const grant = await store.findGrant(consent.grantId);
    return grant !== undefined && grant.expiresAtMs > now() && (await deps.isAlive(grant)) ? grant : undefined;
  };

  return {
    isOpen: deps.isOpen,
    async begin(user, given) {
      const running = await protocol.open();
      if (running === undefined) return { type: 'refused', reason: 'there is no authorization server here' };
      const query = withOwnScopes(given);
      if (query.toString().length > MAX_QUERY_CHARS) return { type: 'refused', reason: 'the request is too long' };
      if (!['query', null].includes(query.get('response_mode')))
        return { type: 'refused', reason: 'of response_mode only "query" is supported' };
      const answer = await protocol.ask(running, user, `${PATHS.authorization}?${query}`);
      if (answer.type === 'refused') return answer;
      const id = requestIdOf(answer.url);
      if (id === undefined) return { ...answer, clientName: '' };
      const request = await findAskedRequest(deps, running, user, id);
      const grant = request && (await findRemembered(user, request));
      if (request === undefined || grant === undefined || !(await records.consume('request', id)))
        return { type: 'ask', id };
      const end = await finish(running, user, request, { consent: { grantId: grant.id } });
      return end ?? { type: 'refused', reason: 'the request could not be answered' };
    },
    async find(user, id) {
      const found = await find(user, id);
      if (found === undefined) return undefined;
      const { clientId, clientName, scopes, resource, redirectUri } = found.request;
      const redirect = targetOf(redirectUri);
      return {
        ...{ id, clientName, scopes, resource, redirect },
        clientHost: /^https?:/.test(clientId) ? new URL(clientId).host : undefined,
        isConfigured: found.running.config.clients.some((client) => client.id === clientId),
        keys: await deps.ownKeys(user.id),
        mayRemember: redirect.type === 'web',
      };
    },
    async approve(user, id, { keyId, remember }) {
      const found = await find(user, id);
      if (found === undefined) return undefined;
      if (keyId !== undefined && !(await deps.ownKeys(user.id)).some((key) => key.id === keyId)) return undefined;
      if (!(await records.consume('request', id))) return undefined;
      const { running, request } = found;
      const { clientId, clientName, redirectUri, resource, scopes } = request;
      const grant: OAuthGrant = {
        ...{ id: `og_${deps.newHex()}`, userId: user.id, keyId, clientId, clientName, redirectUri, resource, scopes },
        ...{ createdAtMs: now(), usedAtMs: now(), expiresAtMs: now() + running.config.grantMs },
      };
      await deps.note('granted', grant, user);
      await store.addGrant(grant);
      if (remember && targetOf(redirectUri).type === 'web') {
        const about = { grantId: grant.id, expiresAtMs: grant.expiresAtMs };
        await records.put('consent', consentKey(user, request), {}, about);
      }
      return finish(running, user, request, { consent: { grantId: grant.id } });
    },
    async deny(user, id) {
      const found = await find(user, id);
      if (found === undefined || !(await records.consume('request', id))) return undefined;
      const result = { error: 'access_denied', error_description: 'the person who was asked said no' };
      return finish(found.running, user, found.request, result);
    },
    async grants(userId) {
      const all = await store.listGrants({ userId, limit: MAX_LISTED });
      return all.filter(({ expiresAtMs }) => expiresAtMs > now());
    },
    async end(user, grantId) {
      const grant = await store.findGrant(grantId);
      if (grant?.userId !== user.id) return false;
      await deps.note('ended', grant, user);
      return store.endGrant(grantId);
    },
  };
}
