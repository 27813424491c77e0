/** Keys in the store as commands find, show and change them. */

import { ObjectConflict, type ObjectStore, type ObjectWrite, type StoredObject } from '../../contracts/objects.ts';
import type { KeyBody } from '../../contracts/shapes/directory.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandOrigin } from './open-objects.ts';

/** Checked when it was written. */
export const bodyOf = (object: StoredObject): KeyBody => object.body as KeyBody;

/** The newest is the one to recognise it by. */
export const prefixOf = (body: KeyBody): string => body.secrets.at(-1)?.prefix ?? '';

const renderMoment = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What may be shown of a key: everything but its hashes. */
export function publicKey(object: StoredObject): { readonly [field: string]: unknown } {
  const body = bodyOf(object);
  return {
    id: object.id,
    name: body.name,
    prefix: prefixOf(body),
    allow: body.grant.allow,
    deny: body.grant.deny,
    toolsets: body.grant.toolsets,
    team: body.team ?? null,
    user: body.user ?? null,
    labels: body.labels,
    networks: body.grant.networks,
    hours: body.grant.hours,
    providerKeys: body.grant.providerKeys,
    execute: body.grant.execute,
    limits: body.limits ?? null,
    createdAt: renderMoment(object.createdAtMs),
    expiresAt: renderMoment(body.expiresAtMs),
    revokedAt: renderMoment(body.revokedAtMs),
  };
}

/** An id wins over names and prefixes, a living key over revoked ones of the same name. Throws CommandError if several fit. */
export function findKey(keys: readonly StoredObject[], idOrName: string): StoredObject | undefined {
  const byId = keys.find((key) => key.id === idOrName);
  if (byId !== undefined) return byId;
  const matches = keys.filter(
    (key) => key.name === idOrName || bodyOf(key).secrets.some(({ prefix }) => prefix === idOrName),
  );
  const living = matches.filter((key) => bodyOf(key).revokedAtMs === undefined);
  if (living.length > 1)
    throw new CommandError(
      EXIT.failed,
      `several keys match ${JSON.stringify(idOrName)}`,
      `Name one by its id: ${living.map(({ id }) => id).join(', ')}.`,
    );
  return living[0] ?? matches.at(-1);
}

/** What a command says then. */
export const noSuchKey = (idOrName: string): CommandError =>
  new CommandError(EXIT.failed, `no active key matches ${JSON.stringify(idOrName)}`, 'See `portcullis keys list`.');

/** Throws CommandError if somebody else was faster. */
export async function writeKey(
  store: ObjectStore,
  write: ObjectWrite,
  nowMs: number,
): Promise<StoredObject | undefined> {
  try {
    return (await store.write([write], commandOrigin(), nowMs))[0];
  } catch (error) {
    if (!(error instanceof ObjectConflict)) throw error;
    throw new CommandError(EXIT.failed, 'somebody else changed this key just now', 'Try again.');
  }
}
