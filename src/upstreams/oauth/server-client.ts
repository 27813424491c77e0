/** The gateway as a client at the authorization server of one server: found out and registered once, for all who sign in there. */

import type { ServerConfig, TransportConfig } from '../../contracts/config.ts';
import { discover } from './discover.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import {
  type KeptDeps,
  type PreparedSignIn,
  readCredential,
  SHARED_OWNER,
  writeCredential,
} from './kept-credential.ts';
import { prepareSignIn } from './prepare-sign-in.ts';
import { urlOf } from './user-credentials.ts';

/** With which a server is asked for its challenge. An API is sent nothing that could be taken for a call. */
const METHODS: { readonly [type in TransportConfig['type']]?: 'GET' } = { sse: 'GET', openapi: 'GET' };
/** Discovery, registration: all of it together. A person waits. */
const PREPARE_MS = 20_000;

export interface ServerClientDeps extends KeptDeps {
  /** Where sign-ins come back to. */
  readonly redirectUrl: () => Promise<string>;
}

/** `scope`: to ask for; undefined: what the server or the configuration says. Rejects with what somebody can do something about. */
export type PrepareForUser = (config: ServerConfig, scope: string | undefined) => Promise<PreparedSignIn>;

export function createPrepareForUser(deps: ServerClientDeps): PrepareForUser {
  const prepare = async (config: ServerConfig, scope: string | undefined): Promise<PreparedSignIn> => {
    const serverUrl = urlOf(config);
    const fetchFn = createGuardedFetch(serverUrl, AbortSignal.timeout(PREPARE_MS));
    const redirectUrl = await deps.redirectUrl();
    const issuer = config.oauth?.issuer;
    const challenge = await askForChallenge(serverUrl, fetchFn, METHODS[config.transport.type]);
    const discovery = await discover({ serverUrl, issuer }, challenge.resourceMetadataUrl, fetchFn);
    const stored = readCredential(deps, config.id);
    const kept = stored?.serverUrl === serverUrl ? stored : { serverUrl };
    const signIn = await prepareSignIn({
      ...{ config: config.oauth ?? {}, kept, redirectUrl, discovery, fetchFn },
      scope: scope ?? challenge.scope,
    });
    const present = readCredential(deps, config.id);
    writeCredential(deps, config.id, {
      ...(present?.serverUrl === serverUrl ? present : { serverUrl }),
      ...{ client: signIn.client, redirectUrl, discovery },
    });
    return signIn;
  };
  /** By server: two people at once must not register the gateway twice. */
  const last = new Map<string, Promise<unknown>>();
  return (config, scope) => {
    const before = last.get(config.id) ?? Promise.resolve();
    const mine = before
      .catch(() => undefined)
      .then(() => deps.store.exclusively(config.id, SHARED_OWNER, () => prepare(config, scope)));
    last.set(config.id, mine);
    mine
      .catch(() => undefined)
      .then(() => {
        if (last.get(config.id) === mine) last.delete(config.id);
      });
    return mine;
  };
}

/** What a server says to a request without a credential: some name their metadata nowhere else. */
export async function askForChallenge(
  serverUrl: string,
  fetchFn: FetchLike,
  method: 'GET' | 'POST' = 'POST',
): Promise<{
  readonly status: number | undefined;
  readonly scope: string | undefined;
  readonly resourceMetadataUrl: URL | undefined;
}> {
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
  const response = await fetchFn(serverUrl, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    ...(method === 'POST' && { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }),
  }).catch(() => undefined);
  if (response === undefined) return { status: undefined, scope: undefined, resourceMetadataUrl: undefined };
  const { scope, resourceMetadataUrl } = extractWWWAuthenticateParams(response);
  return { status: response.status, scope, resourceMetadataUrl };
}
