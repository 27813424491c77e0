/** What the suites of the admin API need of a place to ask: pretended ports, or a whole gateway. */

import { ROLES, type Role } from '../../src/contracts/admin.ts';
import type { OAuthGrant } from '../../src/contracts/oauth-store.ts';
import type { ObjectStore } from '../../src/contracts/objects.ts';
import { KeyShape, UserShape } from '../../src/contracts/shapes/directory.ts';
import type { Operation } from '../../src/edges/admin/define-operation.ts';
import { type Asked, type AskOptions, SETUP } from './admin-api.ts';

export interface AdminSite {
  readonly operations: readonly Operation[];
  /** What a request has to name. */
  readonly known: {
    /** A server that is there, of the file, with a tool of which a definition is decided. */
    readonly server: string;
    readonly definition: { readonly name: string; readonly hash: string };
    readonly callId: string;
    /** What a part of the configuration may say, by the first word of its path: `servers`. */
    readonly parts: { readonly [plural: string]: object };
  };
  readonly objects: ObjectStore;
  readonly tokenIds: { readonly [role in Role]: string };
  /** Of a key that is good. */
  readonly virtualKey: string;
  /** Lines of the log that tell of failures of ours. */
  readonly failures: readonly string[];
  /** What no answer may hold. */
  readonly hidden: readonly string[];
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>;
  addUser(id: string, body: { readonly name: string; readonly role?: Role }): Promise<void>;
  /** Puts the approval back to where nobody voted. */
  resetApproval(): Promise<void>;
  /** Puts the OAuth grant back if it was ended. */
  resetGrant(): Promise<void>;
  /** What was written to `objects` is in force. */
  settled(): Promise<void>;
  /** Everything that can be changed through the API, as text that differs once something was. */
  state(): Promise<string>;
}

/** Of a key that nobody presents; one without any is in force nowhere. */
const SECRET = { hash: '0'.repeat(64), prefix: 'pck_0000', createdAtMs: 1 };

const FIXTURES = {
  organization: ['org_1', { name: 'o', labels: {} }],
  team: ['team_1', { name: 't', labels: {} }],
  user: ['user_1', UserShape.parse({ name: 'ada', role: 'admin' })],
  key: ['key_1', KeyShape.parse({ name: 'k', type: 'personal', user: 'user_1', grant: {}, secrets: [SECRET] })],
  'admin-token': ['token_1', { name: 'x', role: 'auditor', secrets: [] }],
  'standing-approval': ['sta_1', { name: 's', targets: ['github/x'], expiresAtMs: 9_999_999_999_999 }],
} as const;
const KINDS = ['organization', 'team', 'user', 'key', 'admin-token', 'standing-approval'] as const;

/** Of a run that is under way, as far as anybody knows. */
export const RUN_ID = 'run-1';

/** Of somebody who let a client in. */
export const GRANT: OAuthGrant = {
  ...{ id: 'og_1', userId: 'user_1', keyId: undefined, clientId: 'oc_1', clientName: 'Editor' },
  ...{ redirectUri: 'https://editor.example/cb', resource: 'http://gateway.test/mcp', scopes: ['mcp'] },
  ...{ createdAtMs: 1, usedAtMs: 1, expiresAtMs: 9_999_999_999_999 },
};

/** Of an approval that waits. */
export const APPROVAL_ID = 'apr_1';

/** Id that requests of these operations name. */
export function idFor({ known }: Pick<AdminSite, 'known'>, { tag }: Operation): string {
  const ids: { readonly [tag: string]: string } = {
    ...{ organizations: 'org_1', teams: 'team_1', users: 'user_1', keys: 'key_1', me: 'key_1' },
    ...{ 'admin-tokens': 'token_1', configuration: 'stored', catalogue: known.server, trail: known.callId },
    ...{ runs: RUN_ID, approvals: APPROVAL_ID, 'standing-approvals': 'sta_1' },
    'oauth-grants': GRANT.id,
  };
  return ids[tag] ?? 'x';
}

/** Puts one object of each kind back as it was, whatever the request before did to them. */
export async function restore(site: AdminSite, operation: Operation): Promise<void> {
  const { ask, objects, known } = site;
  const [plural = ''] = operation.path.slice(1).split('/');
  if (operation.tag === 'configuration') {
    const body = known.parts[plural] ?? {};
    await ask('POST', `/${plural}`, { body: { name: 'stored', body } });
  }
  if (operation.tag === 'approvals') await site.resetApproval();
  if (operation.tag === 'oauth-grants') await site.resetGrant();
  if (operation.path.startsWith('/definitions/')) {
    const { name, hash } = known.definition;
    const opposite = operation.id === 'approveDefinition' ? 'reject' : 'approve';
    await ask('POST', `/definitions/${opposite}`, { body: { server: known.server, name, hash } });
  }
  for (const kind of KINDS) {
    const [id, body] = FIXTURES[kind];
    const found = await objects.find(kind, id);
    if (JSON.stringify(found?.body) === JSON.stringify(body)) continue;
    const write = { kind, id, name: body.name, body, ifVersion: undefined };
    await objects.write([{ action: found === undefined ? 'create' : 'update', ...write }], SETUP, 1);
  }
}

/** Takes away what requests made; users of the roles and their tokens stay. */
export async function clear(site: AdminSite): Promise<void> {
  const { objects, tokenIds, ask, known } = site;
  const stay: readonly string[] = [...Object.values(tokenIds), ...ROLES.map((role) => `user_${role}`)];
  for (const kind of KINDS)
    for (const { id } of await objects.list(kind, { limit: 500 }))
      if (id !== FIXTURES[kind][0] && !stay.includes(id))
        await objects.write([{ action: 'delete', kind, id, ifVersion: undefined }], SETUP, 1);
  for (const plural of Object.keys(known.parts)) {
    const { items } = (await ask('GET', `/${plural}`)).body as { items: { name: string; owner: string }[] };
    for (const { name, owner } of items)
      if (owner === 'store')
        await ask('DELETE', `/${plural}/${encodeURIComponent(name)}`, { headers: { 'if-match': '*' } });
  }
}

/** A body that the operation takes; undefined: it takes none. `name` is for what is made. */
export function goodBody({ known }: Pick<AdminSite, 'known'>, { id, path, body }: Operation, name: string) {
  if (body === undefined) return undefined;
  const [plural = '', place] = path.slice(1).split('/');
  const part = known.parts[plural];
  if (part !== undefined) return place === undefined ? { name, body: part } : { body: part };
  if (id === 'createStandingApproval')
    return { name, targets: [`${known.server}/x`], expiresAtMs: Date.now() + 3_600_000 };
  if (/Approval$/.test(id)) return { reason: 'as told' };
  if (/^rotate/.test(id)) return { graceMs: 0 };
  if (/Definition$/.test(id)) return { server: known.server, name: known.definition.name, hash: known.definition.hash };
  if (id === 'explain') return { key: 'key_1', target: { kind: 'tool', name: `${known.server}/x` } };
  if (/AdminToken$/.test(id)) return { name, role: 'auditor' };
  if (/Key$/.test(id)) return { name, grant: { allow: ['*'] } };
  return { name };
}
