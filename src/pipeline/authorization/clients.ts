/** Who asks for tokens: clients of the configuration, those that registered, and those whose id is where they describe themselves. */

import type { AuthorizationServerConfig, ConfiguredClient } from '../../contracts/authorization-server.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { OAuthStore } from '../../contracts/oauth-store.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import {
  type ClientMetadata,
  cacheMs,
  judgeDocumentUrl,
  readClientDocument,
} from '../../domain/authorization/client-document.ts';
import { applicationTypeOf } from '../../domain/authorization/redirect-uris.ts';
import { createRateWindow } from '../../lib/rate-window.ts';
import type { KeptRecords } from './kept-records.ts';

export type FoundClient =
  | { readonly type: 'found'; readonly metadata: JsonObject }
  | { readonly type: 'unknown' }
  /** `reason` is for the client's developer. */
  | { readonly type: 'refused'; readonly reason: string };

export interface Clients {
  /** `mayFetch`: a person who is signed in asks. Others go by what was fetched for one. */
  find(id: string, mayFetch: boolean): Promise<FoundClient>;
  /** False: there are too many. */
  add(id: string, metadata: JsonObject): Promise<boolean>;
}

const MAX_FETCHES_PER_MINUTE = 60;
const SWEEP = 500;

export function createClients(deps: {
  readonly config: () => AuthorizationServerConfig | undefined;
  readonly store: OAuthStore;
  readonly records: KeptRecords;
  readonly sealer: Sealer;
  readonly fetchDocument: (
    url: string,
    options: { readonly allowLoopback: boolean },
  ) => Promise<{ readonly text: string; readonly cacheControl: string | undefined }>;
  readonly now: () => number;
  readonly log: Log;
}): Clients {
  const { config, store, records, sealer, now, log } = deps;
  const fetches = createRateWindow(60_000);
  const underWay = new Map<string, Promise<FoundClient>>();
  const bindingOf = (id: string): string => JSON.stringify(['oauth', 'client', id]);

  const fetchAnew = async (id: string, rules: AuthorizationServerConfig): Promise<FoundClient> => {
    if (fetches.waitMs(1, MAX_FETCHES_PER_MINUTE, now()) > 0)
      return { type: 'refused', reason: 'too many descriptions of clients were fetched; try again in a minute' };
    fetches.add(1, now());
    const refuse = (reason: string): FoundClient => ({ type: 'refused', reason: `${id} cannot be used: ${reason}` });
    try {
      const { text, cacheControl } = await deps.fetchDocument(id, rules.clientDocuments);
      const metadata = readClientDocument(id, text);
      if ('problem' in metadata) return refuse(metadata.problem);
      const value = { metadata: { ...metadata }, freshUntilMs: now() + cacheMs(cacheControl) };
      await records.put('document', id, value, { expiresAtMs: now() + rules.grantMs });
      return { type: 'found', metadata: { ...metadata } };
    } catch (error) {
      log.info('the description of an OAuth client could not be fetched', { client: id, error });
      return refuse(error instanceof Error ? error.message : 'it could not be fetched');
    }
  };

  const findDocument = async (
    id: string,
    rules: AuthorizationServerConfig,
    mayFetch: boolean,
  ): Promise<FoundClient> => {
    const refusal = judgeDocumentUrl(id, rules.clientDocuments);
    if (refusal !== undefined) return { type: 'refused', reason: refusal };
    const kept = await records.find('document', id);
    const { metadata, freshUntilMs } = (kept?.value ?? {}) as { metadata?: JsonObject; freshUntilMs?: number };
    if (metadata !== undefined && Number(freshUntilMs) > now()) return { type: 'found', metadata };
    // Nobody without a session has us fetch what no person has asked for before.
    if (metadata === undefined && !mayFetch) return { type: 'unknown' };
    const running = underWay.get(id) ?? fetchAnew(id, rules).finally(() => underWay.delete(id));
    underWay.set(id, running);
    const fetched = await running;
    // One that does not answer for a while does not lose what people granted it.
    return fetched.type === 'found' || mayFetch || metadata === undefined ? fetched : { type: 'found', metadata };
  };

  return {
    async find(id, mayFetch) {
      const rules = config();
      if (rules === undefined) return { type: 'unknown' };
      const configured = rules.clients.find((client) => client.id === id);
      if (configured !== undefined) return { type: 'found', metadata: { ...metadataOf(configured) } };
      if (/^https?:/i.test(id)) {
        if (rules.clientDocuments.enabled) return findDocument(id, rules, mayFetch);
        return { type: 'refused', reason: 'a client_id that is a URL is not accepted here' };
      }
      const stored = await store.findClient(id);
      const text = stored && sealer.open(stored.sealed, bindingOf(id));
      return text === undefined ? { type: 'unknown' } : { type: 'found', metadata: JSON.parse(text) as JsonObject };
    },
    async add(id, metadata) {
      const { registration } = config() ?? {};
      if (registration === undefined) return false;
      const client = { id, sealed: sealer.seal(JSON.stringify(metadata), bindingOf(id)), createdAtMs: now() };
      if (await store.addClient(client, registration.maxClients)) return true;
      await store.sweep(now(), now() - registration.unusedMs, SWEEP);
      return store.addClient(client, registration.maxClients);
    },
  };
}

function metadataOf({ id, secret, name, redirectUris }: ConfiguredClient): ClientMetadata {
  return {
    ...{ client_id: id, client_name: name, redirect_uris: redirectUris },
    application_type: applicationTypeOf(redirectUris),
    ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    token_endpoint_auth_method: secret === undefined ? 'none' : 'client_secret_basic',
    ...(secret !== undefined && { client_secret: secret.open() }),
  };
}
