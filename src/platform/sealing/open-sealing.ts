/**
 * Who seals what: texts that clients carry, and secrets that are stored. With a master key both are sealed by it; without
 * one the key file of the data folder does, where it may.
 */

import type { SealingConfig } from '../../contracts/config-sections.ts';
import type { RewrappingSealer, Sealer, SealKey, SealKeys } from '../../contracts/sealing.ts';
import { createSealer } from './create-sealer.ts';
import { createEnvelopes } from './envelope.ts';
import { openSealKeyFile, readSealKeyFile } from './key-file.ts';
import { createSealKey, deriveSealKey, keysOf } from './seal-key.ts';

export interface Sealing {
  readonly forClients: Sealer;
  readonly forRecords: RewrappingSealer;
  /** Sign the chain of the audit trail. Undefined: replicas share it, and have no key in common. */
  readonly forTrail: SealKeys | undefined;
  /** Another configuration is in force. Keys that it lacks still open, until the process ends. */
  use(config: SealingConfig | undefined): void;
}

export interface SealingOptions {
  readonly dataDir: string;
  readonly config: SealingConfig | undefined;
  /** Replicas store in one database: a file on this machine cannot be their key. */
  readonly isShared: boolean;
  /** For commands beside the gateway: where no key is, none is made, and an Error for people thrown. */
  readonly makesNoKey?: boolean | undefined;
}

const REMEDY = 'set PORTCULLIS_MASTER_KEY or sealing.masterKey (make one with: openssl rand -base64 32)';

/** Why secrets cannot be stored so; undefined: they can. For people. */
export function refuseWithoutMasterKey({
  config,
  isShared,
}: Pick<SealingOptions, 'config' | 'isShared'>): string | undefined {
  if ((config?.masterKeys.length ?? 0) > 0) return undefined;
  if (isShared) return `a store that is shared needs a master key before it keeps secrets: ${REMEDY}`;
  if (config?.requireMasterKey) return `no secret is stored, because there is no master key: ${REMEDY}`;
  return undefined;
}

/** Makes the key file if there is no key else. Throws an Error for people if the file is no key. */
export function openSealing(options: SealingOptions): Sealing {
  const { dataDir, isShared, makesNoKey = false } = options;
  let refusal: string | undefined;
  let masters: SealKeys;
  let derived: SealKeys;
  let trail: SealKeys;
  let hasMaster = false;
  let before: readonly SealKey[] = [];

  const use = (config: SealingConfig | undefined): void => {
    const given = (config?.masterKeys ?? []).map((key) => createSealKey(Buffer.from(key.open(), 'base64')));
    const file = given.length > 0 || makesNoKey ? readSealKeyFile(dataDir) : openSealKeyFile(dataDir);
    const all = unique([...given, ...(file === undefined ? [] : [file]), ...before]);
    const [current, ...older] = all;
    if (current === undefined)
      throw new Error('no key to what is stored is known here; set PORTCULLIS_MASTER_KEY as the gateway has it');
    refusal = refuseWithoutMasterKey({ config, isShared });
    masters = keysOf(current, older);
    // The file's key sealed directly before there were master keys, and still does where there is none.
    const clientKeys = all.map((key) => (key.id === file?.id ? key : deriveSealKey(key, 'texts that clients carry')));
    hasMaster = given.length > 0;
    const trailKeys = all.map((key) => deriveSealKey(key, 'audit trail'));
    trail = keysOf(trailKeys[0] ?? current, trailKeys.slice(1));
    derived = keysOf(clientKeys[0] ?? current, clientKeys.slice(1));
    before = all.filter((key) => key.id !== file?.id);
  };
  use(options.config);

  const live = (keys: () => SealKeys): SealKeys => ({
    get current() {
      return keys().current;
    },
    find: (id) => keys().find(id),
  });
  const forClients = createSealer(live(() => derived));
  const envelopes = createEnvelopes(live(() => masters));
  // What was stored before there were envelopes.
  const plain = createSealer(live(() => masters));
  return {
    use,
    forClients,
    get forTrail() {
      return isShared && !hasMaster ? undefined : live(() => trail);
    },
    forRecords: {
      refusal: () => refusal,
      seal(text, boundTo) {
        if (refusal !== undefined) throw new Error(refusal);
        return envelopes.seal(text, boundTo);
      },
      open: (sealed, boundTo) => envelopes.open(sealed, boundTo) ?? plain.open(sealed, boundTo),
      rewrap(sealed, boundTo) {
        const text = plain.open(sealed, boundTo);
        return text === undefined
          ? envelopes.rewrap(sealed, boundTo)
          : { type: 'rewrapped', sealed: envelopes.seal(text, boundTo) };
      },
    },
  };
}

function unique(keys: readonly SealKey[]): readonly SealKey[] {
  return [...new Map(keys.map((key) => [key.id, key])).values()];
}
