/** Keeps the record of changes up to date with the configuration file: what somebody edited stands there as if it had been asked for. */

import type { ChangeOrigin, NotedChange, NotedFile, NotedObject, ObjectStore } from '../contracts/objects.ts';
import type { RecordSealer } from '../contracts/sealing.ts';
import { canonicalValue } from '../lib/canonical-json.ts';
import type { FileOwned } from '../platform/config/stored/file-objects.ts';

/** Each time another gateway was faster, and its note is the one to compare with. */
const MAX_TRIES = 10;

export interface NoteFileDeps {
  readonly store: Pick<ObjectStore, 'note' | 'notedFile'>;
  readonly sealer: RecordSealer;
  /** Its path. */
  readonly file: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Notes what the file owns now: a line for each object that is not as it was noted last, by whichever gateway on this store.
 * Rejects if the store cannot be reached; then the next note has those lines, too.
 */
export async function noteFile(deps: NoteFileDeps, objects: readonly FileOwned[]): Promise<void> {
  const { store, file, now } = deps;
  const origin: ChangeOrigin = { actor: { type: 'operator', id: 'file', name: file }, via: 'file' };
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const before = await store.notedFile();
    const { changes, isStale } = compare(deps.sealer, before, objects);
    if (changes.length === 0 && !isStale) return;
    const noted = objects.map((object) => toNoted(deps.sealer, object));
    if (await store.note(changes, origin, now(), { afterSeq: before.seq, objects: noted })) return;
  }
  throw new Error('other gateways note other files all the time');
}

const placeOf = ({ kind, id }: Pick<NotedObject, 'kind' | 'id'>): string => `file ${kind} ${id}`;

/** A hash of a short secret gives it away, so it is sealed; where nothing may be, it is not kept. */
function toNoted(sealer: RecordSealer, object: FileOwned): NotedObject {
  const { kind, id, name, body, fingerprint } = object;
  const isSealed = fingerprint !== undefined && sealer.refusal() === undefined;
  return { kind, id, name, body, ...(isSealed && { sealed: sealer.seal(fingerprint, placeOf(object)) }) };
}

/** `isStale`: fingerprints are to be noted anew, as the key that sealed them is gone, or was not there. */
function compare(
  sealer: RecordSealer,
  before: NotedFile,
  objects: readonly FileOwned[],
): { readonly changes: readonly NotedChange[]; readonly isStale: boolean } {
  const known = new Map(before.objects.map((object) => [placeOf(object), object]));
  const changes: NotedChange[] = [];
  let isStale = false;
  for (const object of objects) {
    const { kind, id, name, body, fingerprint } = object;
    const was = known.get(placeOf(object));
    known.delete(placeOf(object));
    if (was === undefined) {
      changes.push({ action: 'create', kind, id, name, before: undefined, after: body });
      continue;
    }
    if (canonicalValue(was.body) !== canonicalValue(body))
      changes.push({ action: 'update', kind, id, name, before: was.body, after: body });
    const sealedBefore = was.sealed === undefined ? undefined : sealer.open(was.sealed, placeOf(object));
    if (sealedBefore !== undefined && fingerprint !== undefined && sealedBefore !== fingerprint)
      changes.push({ action: 'change-secret', kind, id, name, before: undefined, after: undefined });
    if (fingerprint !== undefined && sealedBefore === undefined) isStale ||= sealer.refusal() === undefined;
  }
  for (const { kind, id, name, body } of known.values())
    changes.push({ action: 'delete', kind, id, name, before: body, after: undefined });
  return { changes, isStale };
}
