/**
 * The arithmetic of the chained trail. Each change of a row leaves an entry with the digest of the row as it is then; the entries of a
 * transaction are joined to all before by a link, and links are signed where there is a key.
 */

import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import type { SealKey, SealKeys } from '../../../contracts/sealing.ts';
import { storableText } from '../../stores/postgres/storable-text.ts';

/** A change of a row. `digest` undefined: retention took the row away. */
export interface ChainEntry {
  /** Of the change, in the order of changes of the trail. */
  readonly seq: number;
  /** Of the row. */
  readonly id: string;
  readonly digest: string | undefined;
}

/** The chain up to an entry. */
export interface ChainLink {
  readonly seq: number;
  /** SHA-256, base64url. */
  readonly link: string;
  /** `{key id}.{HMAC-SHA-256, base64url}`; undefined: whoever wrote it had no key. */
  readonly mac: string | undefined;
}

/** What a digest is made of, in this order. New ones come last: rows that do not have them keep their digest. */
export const DIGESTED = [
  ...['id', 'run_id', 'parent_id', 'trace_id', 'at_ms', 'kind', 'surface', 'key_id', 'key_name', 'server_id', 'name'],
  ...['target', 'client', 'arguments', 'reserved_micro_usd', 'user_id', 'team_id', 'organization_id', 'labels'],
  ...['result', 'error', 'result_bytes', 'total_ms', 'upstream_ms', 'policy', 'cached', 'price_micro_usd'],
  ...['input_tokens', 'output_tokens', 'cached_tokens', 'reasoning_tokens', 'first_byte_ms', 'model'],
  ...['agent_run_id', 'suggestion_id', 'authority'],
] as const;

/** Gives the digest of a row as a database gave it. */
export function digestRow(row: { readonly [column: string]: unknown }): string {
  return digestValues(DIGESTED.map((name) => row[name]));
}

/** The same of a row that is about to be written, by its values in the order of `DIGESTED`. Trailing ones that say nothing count for nothing. */
export function digestValues(values: readonly unknown[]): string {
  let length = values.length;
  while (length > 0 && (values[length - 1] ?? null) === null) length--;
  const told = values.slice(0, length);
  let text = JSON.stringify(told);
  // What JSON has to escape so a database may not give back as it was.
  if (text.includes('\\u'))
    text = JSON.stringify(
      told.map((value) => (typeof value === 'string' ? storableText(value).toWellFormed() : value)),
    );
  return hash('sha256', text, 'base64url');
}

/** The link over `entries`, which follow what `before` stands for. */
export function linkOf(before: string, entries: readonly ChainEntry[]): string {
  const lines = entries.map(({ seq, id, digest }) => `${seq} ${JSON.stringify(id)} ${digest ?? '-'}`);
  return hash('sha256', [before, ...lines].join('\n'), 'base64url');
}

/** `base`: a link before which retention cut the chain off; one of these cannot be made of any other link. */
export type Signed = 'link' | 'base';

function macOf(key: SealKey, what: Signed, { seq, link }: Pick<ChainLink, 'seq' | 'link'>): string {
  // An object, as in `gcm.ts`: given bytes, Node 24 takes four times as long.
  return createHmac('sha256', createSecretKey(key.bytes))
    .update(`portcullis trail ${what} ${seq} ${link}`)
    .digest('base64url');
}

export function sign(
  key: SealKey | undefined,
  what: Signed,
  link: Pick<ChainLink, 'seq' | 'link'>,
): string | undefined {
  return key && `${key.id}.${macOf(key, what, link)}`;
}

/** `unknown-key`: nobody here can say. */
export function checkMac(keys: SealKeys, what: Signed, link: ChainLink): 'good' | 'bad' | 'unsigned' | 'unknown-key' {
  if (link.mac === undefined) return 'unsigned';
  const [id = '', mac = ''] = link.mac.split('.');
  const key = keys.find(id);
  if (key === undefined) return 'unknown-key';
  const expected = Buffer.from(macOf(key, what, link));
  const given = Buffer.from(mac);
  return expected.length === given.length && timingSafeEqual(expected, given) ? 'good' : 'bad';
}
