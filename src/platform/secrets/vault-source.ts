/** HashiCorp Vault and OpenBao: the key-value engine, both versions. A path's fields come as one JSON object. */

import {
  type FetchedSecret,
  SecretFailure,
  type SecretSource,
  type VaultConfig,
} from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import { createKeptToken } from './kept-token.ts';
import { createSecretHttp, failureOf, parseAnswer } from './secret-http.ts';
import { encodePath, obtainVaultToken, type SendToVault } from './vault-login.ts';

interface Mount {
  /** Without a slash at the end. */
  readonly path: string;
  readonly version: 1 | 2;
}

/** Mounts are remembered so that most reads are one request; more than this begin anew. */
const MAX_MOUNTS = 100;

export function createVaultSource(config: VaultConfig, now: () => number): SecretSource {
  const http = createSecretHttp('vault', config.ca);
  const send: SendToVault = ({ method, path, token, body, signal }) =>
    http.send({
      ...{ method, url: `${config.address}/v1/${path}`, signal },
      headers: {
        // Asked for by agents and proxies that guard against requests made by browsers.
        'x-vault-request': 'true',
        ...(token !== undefined && { 'x-vault-token': token }),
        ...(config.namespace !== undefined && { 'x-vault-namespace': config.namespace }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const token = createKeptToken<string>('vault', now, (signal, before) =>
    obtainVaultToken(config, send, signal, before),
  );
  const mounts = new Map<string, Mount>();

  /** The longest known mount that the path lies in. */
  const knownMount = (path: string): Mount | undefined =>
    [...mounts.values()].filter((mount) => path.startsWith(`${mount.path}/`)).sort(byLength)[0];

  const findMount = async (path: string, ours: string, signal: AbortSignal): Promise<Mount> => {
    const first = path.slice(0, path.indexOf('/'));
    if (config.kvVersion !== 'auto') return { path: first, version: config.kvVersion };
    const known = knownMount(path);
    if (known !== undefined) return known;
    const answer = await send({
      ...{ method: 'GET', path: `sys/internal/ui/mounts/${encodePath(path)}`, token: ours, signal },
    });
    if (answer.status !== 200) {
      if (answer.status === 429 || answer.status >= 500) throw failureOf('vault', path, answer);
      // Not told: most are version 2, and where it is not, the answer below says that there is nothing.
      return { path: first, version: 2 };
    }
    const { data } = parseAnswer('vault', answer.text);
    const told = isObject(data) && typeof data.path === 'string' ? data.path.replace(/\/+$/, '') : '';
    const options = isObject(data) && isObject(data.options) ? data.options : {};
    if (told === '' || !path.startsWith(`${told}/`)) return { path: first, version: 2 };
    const mount: Mount = { path: told, version: options.version === '2' ? 2 : 1 };
    if (mounts.size >= MAX_MOUNTS) mounts.clear();
    mounts.set(told, mount);
    return mount;
  };

  const readWith = async (path: string, ours: string, signal: AbortSignal): Promise<FetchedSecret> => {
    const mount = await findMount(path, ours, signal);
    const rest = path.slice(mount.path.length + 1);
    const at = mount.version === 2 ? `${mount.path}/data/${rest}` : path;
    const answer = await send({ method: 'GET', path: encodePath(at), token: ours, signal });
    if (answer.status !== 200) throw failureOf('vault', path, answer);
    const { data } = parseAnswer('vault', answer.text);
    const fields = mount.version === 2 && isObject(data) ? data.data : data;
    if (!isObject(fields)) throw new SecretFailure('missing', `vault has nothing at ${path} any more`);
    const metadata = mount.version === 2 && isObject(data) && isObject(data.metadata) ? data.metadata : {};
    const version = typeof metadata.version === 'number' ? String(metadata.version) : undefined;
    return { value: JSON.stringify(fields), version };
  };

  return {
    name: 'vault',
    async read(path, signal) {
      if (!/^[^/]+(\/[^/]+)+$/.test(path) || path.split('/').some((part) => part === '.' || part === '..'))
        throw new SecretFailure('misused', `${path} is no path in Vault`, { remedy: 'write mount/path#field' });
      const ours = await token.get(signal);
      try {
        return await readWith(path, ours, signal);
      } catch (error) {
        // The token may have been revoked, or have run out unnoticed: a new one is tried once.
        if (!(error instanceof SecretFailure) || error.kind !== 'refused' || config.auth.type === 'token') throw error;
        token.drop(ours);
        mounts.clear();
        return await readWith(path, await token.get(signal), signal);
      }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function byLength(a: Mount, b: Mount): number {
  return b.path.length - a.path.length;
}
