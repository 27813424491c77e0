/** A pretended Vault: key-value engines of both versions, tokens that end, three ways to sign in, namespaces. */

import { randomUUID } from 'node:crypto';
import type { Cleanup } from '../temp-dir.ts';
import { type FakeManager, type ManagerCall, type ManagerReply, startFakeManager } from './fake-manager.ts';

export interface FakeVault extends FakeManager {
  /** What is stored, by mount and path: `secret/openai`. A write makes a new version. */
  write(path: string, fields: object): void;
  remove(path: string): void;
  /** Makes a token; with a life, it ends by `clock` unless renewed. */
  issue(ttlS?: number, renewable?: boolean): string;
  revoke(token: string): void;
  /** Tokens that are good now. */
  tokens(): readonly string[];
  /** Milliseconds that the fake's clock is ahead. */
  skewMs: number;
}

export interface FakeVaultOptions {
  /** Engines by mount. Default: `secret` of version 2 and `old` of version 1. */
  readonly mounts?: { readonly [path: string]: 1 | 2 };
  readonly namespace?: string;
  readonly roleId?: string;
  readonly secretId?: string;
  readonly kubernetes?: { readonly role: string; readonly jwt: () => string };
  /** Life of tokens got by a login. Default 3,600 s. */
  readonly ttlS?: number;
  /** How often a token may be renewed. Default: always. */
  readonly maxRenewals?: number;
  /** Speaks TLS, with the certificate of tests. */
  readonly isSecure?: boolean;
  /** Do not tell which mount a path is in. */
  readonly hidesMounts?: boolean;
}

interface Token {
  endsAtMs: number;
  readonly ttlS: number;
  readonly renewable: boolean;
  renewals: number;
}

export async function startFakeVault(cleanup: Cleanup, options: FakeVaultOptions = {}): Promise<FakeVault> {
  const mounts = options.mounts ?? { secret: 2, old: 1 };
  const stored = new Map<string, { readonly fields: object; readonly version: number }>();
  const tokens = new Map<string, Token>();
  const now = (): number => Date.now() + vault.skewMs;

  const error = (status: number, ...errors: readonly string[]): ManagerReply => ({ status, body: { errors } });
  const isGood = (token: string | undefined): boolean => {
    const known = tokens.get(token ?? '');
    return known !== undefined && now() < known.endsAtMs;
  };
  const issue = (ttlS = 0, renewable = true): string => {
    const token = `hvs.${randomUUID()}`;
    const endsAtMs = ttlS === 0 ? Number.POSITIVE_INFINITY : now() + ttlS * 1_000;
    tokens.set(token, { endsAtMs, ttlS, renewable, renewals: 0 });
    return token;
  };
  const login = (isRight: boolean): ManagerReply => {
    if (!isRight) return error(400, 'invalid role or secret ID');
    const ttlS = options.ttlS ?? 3_600;
    return {
      status: 200,
      body: { auth: { client_token: issue(ttlS), lease_duration: ttlS, renewable: true, token_type: 'service' } },
    };
  };

  const answer = (call: ManagerCall): ManagerReply => {
    const path = decodeURIComponent(call.path.replace(/^\/v1\//, ''));
    if (!call.path.startsWith('/v1/') || call.headers['x-vault-request'] !== 'true') return error(400, 'no request');
    if (options.namespace !== undefined && call.headers['x-vault-namespace'] !== options.namespace)
      return error(403, 'permission denied');
    const given = call.body === '' ? {} : (JSON.parse(call.body) as { [name: string]: string });
    if (call.method === 'POST' && path === 'auth/approle/login')
      return login(given.role_id === options.roleId && given.secret_id === options.secretId);
    if (call.method === 'POST' && path === 'auth/kubernetes/login')
      return login(given.role === options.kubernetes?.role && given.jwt === options.kubernetes?.jwt());
    const header = call.headers['x-vault-token'];
    const token = typeof header === 'string' ? header : undefined;
    const known = tokens.get(token ?? '');
    if (!isGood(token) || known === undefined || token === undefined) return error(403, 'permission denied');
    if (path === 'auth/token/lookup-self')
      return {
        status: 200,
        body: {
          data: { ttl: Math.max(0, Math.round((known.endsAtMs - now()) / 1_000)) || 0, renewable: known.renewable },
        },
      };
    if (path === 'auth/token/renew-self') {
      if (!known.renewable || known.renewals >= (options.maxRenewals ?? Number.POSITIVE_INFINITY))
        return error(400, 'lease is not renewable');
      known.renewals++;
      known.endsAtMs = now() + known.ttlS * 1_000;
      return { status: 200, body: { auth: { client_token: token, lease_duration: known.ttlS, renewable: true } } };
    }
    const mountOf = (wanted: string): [string, 1 | 2] | undefined =>
      Object.entries(mounts).find(([mount]) => wanted.startsWith(`${mount}/`));
    const asked = /^sys\/internal\/ui\/mounts\/(.+)$/.exec(path)?.[1];
    if (asked !== undefined) {
      const found = mountOf(asked);
      if (options.hidesMounts || found === undefined) return error(403, 'preflight capability check returned 403');
      const [mount, version] = found;
      return { status: 200, body: { data: { path: `${mount}/`, type: 'kv', options: { version: String(version) } } } };
    }
    const [mount, version] = mountOf(path) ?? [];
    if (mount === undefined || call.method !== 'GET') return error(404);
    const rest = path.slice(mount.length + 1);
    if (version === 2 && !rest.startsWith('data/')) return error(404);
    const entry = stored.get(version === 2 ? `${mount}/${rest.slice('data/'.length)}` : path);
    if (entry === undefined) return error(404);
    const metadata = {
      version: entry.version,
      created_time: '2026-11-23T00:00:00Z',
      deletion_time: '',
      destroyed: false,
    };
    return {
      status: 200,
      body: { lease_duration: 0, data: version === 2 ? { data: entry.fields, metadata } : entry.fields },
    };
  };

  const fake = await startFakeManager(cleanup, answer, { isSecure: options.isSecure });
  const vault: FakeVault = Object.assign(fake, {
    skewMs: 0,
    write: (path: string, fields: object) =>
      void stored.set(path, { fields, version: (stored.get(path)?.version ?? 0) + 1 }),
    remove: (path: string) => void stored.delete(path),
    issue,
    revoke: (token: string) => void tokens.delete(token),
    tokens: () => [...tokens.keys()].filter(isGood),
  });
  return vault;
}
