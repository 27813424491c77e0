/** Follows what is stored of the configuration, as the file is followed: both together are one, checked and swapped as a whole. */

import { readFileSync } from 'node:fs';
import type { GatewayConfig } from '../contracts/config.ts';
import { CONFIG_KINDS, type ConfigObjects } from '../contracts/config-objects.ts';
import type { Log } from '../contracts/log.ts';
import type { ObjectKind, ObjectStore } from '../contracts/objects.ts';
import type { RecordSealer } from '../contracts/sealing.ts';
import type { JsoncNode } from '../lib/jsonc.ts';
import { renderProblems } from '../platform/config/render-problems.ts';
import type { Composed, LoadFile } from '../platform/config/stored/compose-config.ts';
import { createConfigObjects } from '../platform/config/stored/config-objects.ts';
import { fileObjects } from '../platform/config/stored/file-objects.ts';
import { createConfigFollower } from './follow-config.ts';
import { noteFile } from './note-file.ts';

export interface FollowedConfig extends Disposable {
  readonly objects: ConfigObjects;
  /** Reads both again; what is valid is put in force, what is not goes to the log. */
  reload(): void;
}

/** Nothing may be started that the operator did not allow: what `config` says when this is made counts. */
export async function createStoredConfig(deps: {
  readonly store: ObjectStore;
  readonly load: LoadFile;
  readonly sealer: RecordSealer;
  readonly now: () => number;
  readonly log: Log;
  readonly config: GatewayConfig;
  readonly current: () => GatewayConfig;
  readonly apply: (config: GatewayConfig) => Promise<void>;
}): Promise<FollowedConfig> {
  const { store, load, sealer, now, log, config } = deps;
  const guard = config.admin ?? { references: [], stdioCommands: [] };
  const objects = createConfigObjects({
    ...{ store, load, sealer, guard, now, file: config.file },
    readText: () => readFileSync(config.file, 'utf8'),
  });
  const told = new Set<string>();
  // What was read last; noted once it is in force.
  let read: JsoncNode | undefined;
  const note = async (): Promise<void> => {
    if (read === undefined) return;
    await noteFile({ store, sealer, now, file: config.file }, fileObjects(read)).catch((error: unknown) =>
      log.warn('what was changed in the file is not in the record of changes yet', { error }),
    );
  };
  const reload = createConfigFollower({
    ...{ current: deps.current, log },
    async apply(next) {
      await deps.apply(next);
      await note();
    },
    async load() {
      const composed = await objects.compose();
      read = composed.file;
      tellOfBroken(composed, told, log);
      return composed.result;
    },
  });

  let { seq } = await store.changedSince(Number.MAX_SAFE_INTEGER);
  const look = async (): Promise<void> => {
    const changed = await store.changedSince(seq);
    seq = changed.seq;
    const kinds: readonly ObjectKind[] = CONFIG_KINDS;
    if (changed.objects.some(({ kind }) => kinds.includes(kind))) reload();
  };
  const stop = store.onChange(() => {
    look().catch((error: unknown) => log.error('what changed in the store could not be read', { error }));
  });
  // What was stored before this start: the file has been put in force alone, so that it is known what the operator allows.
  const stored = await Promise.all(CONFIG_KINDS.map((kind) => store.list(kind, { limit: 1 })));
  if (stored.some(({ length }) => length > 0)) {
    const first = await objects.compose();
    tellOfBroken(first, told, log);
    if (first.result.ok) await deps.apply(first.result.config);
    read = first.file;
  } else
    await load((root) => {
      read = root;
      return root;
    });
  await note();

  return { objects, reload, [Symbol.dispose]: stop };
}

/** Each once, and again when it is broken in another way. */
function tellOfBroken({ states }: Composed, told: Set<string>, log: Log): void {
  for (const [key, { state, problems }] of states) {
    if (state !== 'broken') continue;
    const text = `a stored part of the configuration is left out (${key}):\n${renderProblems(problems)}`;
    if (told.has(text)) continue;
    told.add(text);
    log.error(text);
  }
}
