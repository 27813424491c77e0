/** A key to be stored, and its secret, which exists in clear this once. */

import type { JsonObject } from '../contracts/json.ts';
import type { ObjectWrite } from '../contracts/objects.ts';
import { type KeyBody, KeyShape } from '../contracts/shapes/directory.ts';
import type { GrantBody } from '../contracts/shapes/grant.ts';
import type { LimitsBody } from '../contracts/shapes/limits.ts';
import { createAccessToken, createObjectId } from '../lib/access-token.ts';

export interface NewKey {
  readonly name: string;
  readonly grant: Partial<GrantBody>;
  readonly limits?: LimitsBody | undefined;
  readonly expiresAtMs?: number | undefined;
  /** Ids. */
  readonly team?: string | undefined;
  readonly user?: string | undefined;
  readonly labels?: { readonly [label: string]: string } | undefined;
}

export function createKeyWrite(
  key: NewKey,
  nowMs: number,
): { readonly write: ObjectWrite & { readonly action: 'create' }; readonly body: KeyBody; readonly secret: string } {
  const { token, hash, prefix } = createAccessToken('pck');
  const body = KeyShape.parse({ ...key, secrets: [{ hash, prefix, createdAtMs: nowMs }] });
  const id = createObjectId('key');
  // What is undefined must not stand in a body: it has no JSON.
  const json = JSON.parse(JSON.stringify(body)) as JsonObject;
  return { write: { action: 'create', kind: 'key', id, name: body.name, body: json }, body, secret: token };
}
