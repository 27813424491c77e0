/** The gateway's credentials at servers that want OAuth: kept, renewed before they run out, and got anew by a sign-in. */

import type { OAuthClientConfig, ServerConfig } from '../../contracts/config.ts';
import type { ServerCredential, ServerCredentials } from '../../contracts/server-credentials.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { createRenewal, describeFailure, type OwnCredential, type ServerCredentialsDeps } from './renewal.ts';
import { redeemSignIn, type SignInAnswer, takeSignIn } from './sign-in.ts';

const REDEEM_MS = 30_000;

export type SignInEnd =
  | { readonly type: 'signed-in'; readonly serverName: string }
  | { readonly type: 'unknown' }
  | { readonly type: 'failed'; readonly reason: string };

export interface KeptServerCredentials extends ServerCredentials, Disposable {
  /** Lets go of servers that are not configured any more, or stand elsewhere now; what is stored stays. */
  retain(servers: readonly Pick<ServerConfig, 'id' | 'transport'>[]): void;
  /** Another process may have changed what is stored: takes its tokens. */
  reread(): void;
  /** Ends a sign-in with what the browser brought back. Never rejects. */
  finish(answer: SignInAnswer): Promise<SignInEnd>;
}

export function createServerCredentials(deps: ServerCredentialsDeps): KeptServerCredentials {
  const open = new Map<string, { readonly sameness: string; readonly own: OwnCredential }>();

  const of = (config: ServerConfig): ServerCredential | undefined => {
    const { transport, id } = config;
    if (transport.type !== 'http') return undefined;
    const hasOwn = Object.keys(transport.headers).some((name) => name.toLowerCase() === 'authorization');
    const known = open.get(id);
    const sameness = transport.url + describe(config.oauth);
    if (known?.sameness === sameness && !hasOwn) return known.own;
    known?.own[Symbol.dispose]();
    open.delete(id);
    if (hasOwn) return undefined;
    const own = createRenewal(deps, config, transport.url);
    open.set(id, { sameness, own });
    return own;
  };

  return {
    of,
    retain(servers) {
      const urls = new Map(
        servers.map(({ id, transport }) => [id, transport.type === 'http' ? transport.url : undefined]),
      );
      for (const [id, { own }] of open) {
        if (urls.get(id) === own.serverUrl) continue;
        own[Symbol.dispose]();
        open.delete(id);
      }
    },
    reread() {
      for (const { own } of open.values()) own.reread();
    },
    async finish(answer) {
      const signIn = await takeSignIn(deps, answer.state).catch((error: unknown) => {
        deps.log.warn('a sign-in could not be looked up', { reason: describeFailure(error) });
        return undefined;
      });
      const own = signIn === undefined ? undefined : open.get(signIn.serverId)?.own;
      if (signIn === undefined || own?.serverUrl !== signIn.serverUrl) return { type: 'unknown' };
      try {
        const fetchFn = createGuardedFetch(signIn.serverUrl, AbortSignal.timeout(REDEEM_MS));
        own.take(signIn, await redeemSignIn({ now: deps.now, fetchFn }, signIn, answer));
      } catch (error) {
        const reason = describeFailure(error);
        deps.log.warn('a sign-in failed', { server: signIn.serverId, reason });
        return { type: 'failed', reason };
      }
      deps.log.info('signed in', { server: signIn.serverId, issuer: signIn.client.issuer });
      deps.onSignedIn(signIn.serverId);
      return { type: 'signed-in', serverName: own.serverName };
    },
    [Symbol.dispose]() {
      for (const { own } of open.values()) own[Symbol.dispose]();
      open.clear();
    },
  };
}

/** Everything a credential depends on; stays in memory. */
function describe(oauth: OAuthClientConfig | undefined): string {
  const { clientId, clientSecret, clientMetadataUrl, scopes } = oauth ?? {};
  return JSON.stringify([clientId, clientSecret?.open(), clientMetadataUrl, scopes]);
}
