/** The key store on SQLite. Holds hashes only: a secret exists in clear once, in what `create` returns. */

import { createHash, randomBytes } from 'node:crypto';
import type { Grant, KeyRecord, KeyStore } from '../../../contracts/caller.ts';
import type { UsageLimits } from '../../../contracts/limits.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Opens the keys in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openKeyStore(options: { dataDir: string }): KeyStore {
  const db = openStore(options.dataDir);
  const selectAll = db.prepare('SELECT * FROM keys ORDER BY created_at_ms, rowid');
  const insert = db.prepare(
    `INSERT INTO keys (id, name, prefix, hash, allow_json, deny_json, toolsets_json, created_at_ms, expires_at_ms, limits_json)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const markRevoked = db.prepare('UPDATE keys SET revoked_at_ms = ? WHERE id = ?');
  const bumpVersion = db.prepare('UPDATE keys_version SET version = version + 1');
  const selectVersion = db.prepare('SELECT version FROM keys_version');
  // Across readings: limits that did not change are to be the same object.
  const knownLimits = new Map<string, UsageLimits>();
  /** Keys with equal grants have one between them: there may be thousands of keys, and few kinds of them. */
  const list = (): readonly KeyRecord[] => {
    const grants = new Map<string, Grant>();
    const records: KeyRecord[] = [];
    // Row by row, since all rows at once would take several times the memory of what is kept of them.
    for (const row of selectAll.iterate()) records.push(parseRow(row, grants, knownLimits));
    return records;
  };

  return {
    list,
    create(key, nowMs) {
      const secret = `pck_${randomBytes(32).toString('base64url')}`;
      const record: KeyRecord = {
        id: `key_${randomBytes(8).toString('hex')}`,
        name: key.name,
        prefix: secret.slice(0, 8),
        hash: createHash('sha256').update(secret).digest('hex'),
        grant: grantOf([...key.grant.allow], [...key.grant.deny], [...(key.grant.toolsets ?? [])]),
        ...(key.limits !== undefined && { limits: key.limits }),
        createdAtMs: nowMs,
        expiresAtMs: key.expiresAtMs,
        revokedAtMs: undefined,
        source: 'store',
      };
      inTransaction(db, () => {
        insert.run(
          record.id,
          record.name,
          record.prefix,
          record.hash,
          JSON.stringify(record.grant.allow),
          JSON.stringify(record.grant.deny),
          JSON.stringify(record.grant.toolsets ?? []),
          nowMs,
          record.expiresAtMs ?? null,
          key.limits === undefined ? null : JSON.stringify(key.limits),
        );
        bumpVersion.run();
      });
      return { record, secret };
    },
    revoke(idOrName, nowMs) {
      return inTransaction(db, () => {
        const found = findKey(list(), idOrName);
        if (found === undefined || found.revokedAtMs !== undefined) return found;
        markRevoked.run(nowMs, found.id);
        bumpVersion.run();
        return { ...found, revokedAtMs: nowMs };
      });
    },
    version: () => Number(selectVersion.get()?.version ?? 0),
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}

/** An id wins over names and prefixes, a living key over revoked ones of the same name. */
function findKey(keys: readonly KeyRecord[], idOrName: string): KeyRecord | undefined {
  const byId = keys.find((key) => key.id === idOrName);
  if (byId !== undefined) return byId;
  const matches = keys.filter((key) => key.name === idOrName || key.prefix === idOrName);
  const living = matches.filter((key) => key.revokedAtMs === undefined);
  if (living.length > 1)
    throw new RangeError(
      `${JSON.stringify(idOrName)} fits ${living.length} keys (${living.map((key) => key.id).join(', ')}); name one by its id`,
    );
  return living[0] ?? matches.at(-1);
}

/** One object for all keys with the same limits; and the same one, key by key, as long as nothing changed. */
function parseLimits(text: string, known: Map<string, UsageLimits>): UsageLimits {
  let limits = known.get(text);
  if (limits === undefined) {
    limits = JSON.parse(text) as UsageLimits;
    known.set(text, limits);
  }
  return limits;
}

function parseRow(
  row: { readonly [column: string]: unknown },
  grants: Map<string, Grant>,
  limits: Map<string, UsageLimits>,
): KeyRecord {
  return {
    id: String(row.id),
    name: String(row.name),
    prefix: String(row.prefix),
    hash: String(row.hash),
    grant: parseGrant(row, grants),
    ...(typeof row.limits_json === 'string' && { limits: parseLimits(row.limits_json, limits) }),
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: typeof row.expires_at_ms === 'number' ? row.expires_at_ms : undefined,
    revokedAtMs: typeof row.revoked_at_ms === 'number' ? row.revoked_at_ms : undefined,
    source: 'store',
  };
}

function parseGrant(row: { readonly [column: string]: unknown }, grants: Map<string, Grant>): Grant {
  const texts = [row.allow_json, row.deny_json, row.toolsets_json].map(String);
  const key = texts.join('\n');
  let grant = grants.get(key);
  if (grant === undefined) {
    const [allow, deny, toolsets] = texts.map((text) => JSON.parse(text) as string[]);
    grant = grantOf(allow ?? [], deny ?? [], toolsets ?? []);
    grants.set(key, grant);
  }
  return grant;
}

function grantOf(allow: readonly string[], deny: readonly string[], toolsets: readonly string[]): Grant {
  return { allow, deny, ...(toolsets.length > 0 && { toolsets }) };
}
