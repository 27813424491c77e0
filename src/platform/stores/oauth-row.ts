/** Rows of what the authorization server keeps, whichever engine does. */

import {
  OAUTH_RECORD_KINDS,
  type OAuthClient,
  type OAuthGrant,
  type OAuthRecord,
} from '../../contracts/oauth-store.ts';

type Row = { readonly [column: string]: unknown };

const optional = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value);

export function readOAuthRecord(row: Row): OAuthRecord {
  const kind = OAUTH_RECORD_KINDS.find((each) => each === row.kind);
  if (kind === undefined) throw new Error(`no kind of a record: ${String(row.kind)}`);
  return {
    ...{ kind, hash: String(row.hash), grantId: optional(row.grant_id), sealed: String(row.sealed) },
    expiresAtMs: Number(row.expires_at_ms),
    consumedAtMs: row.consumed_at_ms === null ? undefined : Number(row.consumed_at_ms),
  };
}

export function readOAuthGrant(row: Row): OAuthGrant {
  return {
    ...{ id: String(row.id), userId: String(row.user_id), keyId: optional(row.key_id) },
    ...{ clientId: String(row.client_id), clientName: String(row.client_name), redirectUri: String(row.redirect_uri) },
    resource: String(row.resource),
    scopes: String(row.scopes).split(' '),
    createdAtMs: Number(row.created_at_ms),
    usedAtMs: Number(row.used_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
  };
}

/** In the order of the columns. */
export function grantValues(grant: OAuthGrant): readonly (string | number | null)[] {
  const { id, userId, keyId = null, clientId, clientName, redirectUri, resource, scopes } = grant;
  const times = [grant.createdAtMs, grant.usedAtMs, grant.expiresAtMs];
  return [id, userId, keyId, clientId, clientName, redirectUri, resource, scopes.join(' '), ...times];
}

export function readOAuthClient(row: Row): OAuthClient {
  return { id: String(row.id), sealed: String(row.sealed), createdAtMs: Number(row.created_at_ms) };
}
