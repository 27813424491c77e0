/** The protocol library as it runs for the configuration in force, asked without a connection. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Provider } from 'oidc-provider';
import type { UserActor } from '../../contracts/accounts.ts';
import type { AuthorizationServerConfig } from '../../contracts/authorization-server.ts';
import { createProvider, loadLibrary, type ProviderDeps } from './create-provider.ts';
import { type NodeHandler, runHeadless } from './run-headless.ts';

/** One configuration's. */
export interface Running {
  readonly provider: Provider;
  readonly handle: NodeHandler;
  readonly config: AuthorizationServerConfig;
  readonly issuer: string;
}

export type AskedAnswer =
  | { readonly type: 'redirect'; readonly url: string }
  | { readonly type: 'refused'; readonly reason: string };

export interface Protocol {
  /** Undefined: there is no authorization server. */
  open(): Promise<Running | undefined>;
  /** As the browser of that person. `resumes`: the request that has got its answer. */
  ask(running: Running, user: UserActor, path: string, resumes?: string): Promise<AskedAnswer>;
}

export function createProtocol(
  deps: Omit<ProviderDeps, 'library' | 'mayFetch'> & {
    readonly config: () => AuthorizationServerConfig | undefined;
    readonly issuer: () => Promise<string>;
  },
): Protocol {
  const asking = new AsyncLocalStorage<{ readonly mayFetch: boolean }>();
  const mayFetch = (): boolean => asking.getStore()?.mayFetch === true;
  let last: Running | undefined;
  return {
    async open() {
      const [config, issuer] = [deps.config(), await deps.issuer()];
      if (config === undefined) return undefined;
      if (last?.config === config && last.issuer === issuer) return last;
      const provider = createProvider({ ...deps, library: await loadLibrary(deps.log), mayFetch }, issuer, config);
      last = { provider, handle: provider.callback(), config, issuer };
      return last;
    },
    async ask({ handle }, user, path, resumes) {
      const cookie = `_session=${user.id}${resumes === undefined ? '' : `; _interaction_resume=${resumes}`}`;
      const headers = { accept: 'application/json', cookie };
      const answer = await asking.run({ mayFetch: true }, () => runHeadless(handle, { method: 'GET', path, headers }));
      const { location } = answer.headers;
      if (answer.status === 303 && typeof location === 'string') return { type: 'redirect', url: location };
      return { type: 'refused', reason: reasonIn(answer.body) };
    },
  };
}

function reasonIn(body: string): string {
  try {
    const { error, error_description: text } = JSON.parse(body) as { error?: unknown; error_description?: unknown };
    return [error, text].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return 'the request could not be read';
  }
}
