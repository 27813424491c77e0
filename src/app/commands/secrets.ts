/** `portcullis secrets rotate`: seals what is stored with the newest master key. */

import type { Command } from 'commander';
import { CONFIG_KINDS } from '../../contracts/config-objects.ts';
import { ObjectConflict, type ObjectStore } from '../../contracts/objects.ts';
import type { RewrappingSealer } from '../../contracts/sealing.ts';
import type { ServerCredentialStore } from '../../contracts/server-credentials.ts';
import { rewrapSecrets } from '../../platform/config/stored/secrets-within.ts';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import { credentialBinding } from '../../upstreams/oauth/kept-credential.ts';
import { CommandError, EXIT } from './command-error.ts';
import { withStores } from './command-stores.ts';
import { readSealingConfig } from './open-command-sealing.ts';
import { commandOrigin, listAll } from './open-objects.ts';
import { type DataOptions, resolveDataDir, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote } from './terminal.ts';

/** What the gateway changed meanwhile is looked at again. */
const MAX_TRIES = 5;

interface Rotated {
  rewrapped: number;
  current: number;
  /** What no known key opens, as people know it. */
  unknown: string[];
  /** Something changed under our hands. */
  isStale: boolean;
}

async function rotateCredentials(
  store: ServerCredentialStore,
  sealer: RewrappingSealer,
  rotated: Rotated,
): Promise<void> {
  for (const row of store.list()) {
    const done = sealer.rewrap(row.sealed, credentialBinding(row.serverId, row.owner));
    if (done.type === 'current') rotated.current++;
    else if (done.type === 'unknown') rotated.unknown.push(`the sign-in at ${row.serverId}`);
    else if (await store.replace(row, done.sealed)) rotated.rewrapped++;
    else rotated.isStale = true;
  }
}

async function rotateObjects(store: ObjectStore, sealer: RewrappingSealer, rotated: Rotated): Promise<void> {
  for (const kind of CONFIG_KINDS)
    for (const { id, name, body: before, version: ifVersion } of await listAll(store, kind)) {
      const { body, rewrapped, current, unknown } = rewrapSecrets(sealer, kind, name, before);
      rotated.current += current;
      rotated.unknown.push(...unknown.map((path) => `${path} of ${kind} ${name}`));
      if (rewrapped === 0) continue;
      try {
        await store.write([{ action: 'update', kind, id, name, body, ifVersion }], commandOrigin(), Date.now());
        rotated.rewrapped += rewrapped;
      } catch (error) {
        if (!(error instanceof ObjectConflict)) throw error;
        rotated.isStale = true;
      }
    }
}

async function runRotate(options: DataOptions & { readonly json?: boolean }): Promise<void> {
  const dataDir = resolveDataDir(options);
  const config = await readSealingConfig(options);
  if (config === undefined || config.masterKeys.length === 0)
    throw new CommandError(
      EXIT.failed,
      'there is no master key to seal with',
      'Set PORTCULLIS_MASTER_KEY or sealing.masterKey; make one with: openssl rand -base64 32',
    );
  const rotated = await withStores(options, async (stores) => {
    const isShared = stores.database !== undefined;
    const { forRecords } = openSealing({ dataDir, config, isShared, makesNoKey: true });
    const [credentials, objects] = [await stores.credentials(), await stores.objects()];
    let rewrapped = 0;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const round: Rotated = { rewrapped, current: 0, unknown: [], isStale: false };
      await rotateCredentials(credentials, forRecords, round);
      await rotateObjects(objects, forRecords, round);
      if (!round.isStale) return { ...round, current: round.current - rewrapped };
      rewrapped = round.rewrapped;
    }
    throw new CommandError(EXIT.failed, 'what is stored keeps changing', 'Try again in a moment.');
  });
  report(rotated, options.json ?? false);
}

function report({ rewrapped, current, unknown }: Rotated, asJson: boolean): void {
  if (asJson) printJson({ rewrapped, current, unknown });
  else print(`${rewrapped} sealed with the newest master key, ${current} were already`);
  if (unknown.length === 0) return;
  process.exitCode = EXIT.failed;
  printNote(`No key that is known opens ${unknown.join(', ')}.`);
  printNote('Add the key that sealed it to sealing.oldMasterKeys, or sign in or write it again.');
}

/** Adds the commands. */
export function secretsCommand(program: Command): void {
  const secrets = program.command('secrets').description('Look after the secrets that the gateway stores');
  withDataOptions(secrets.command('rotate'))
    .description('Seal stored secrets with the newest master key, so that older ones can be taken away')
    .option('--json', 'print { rewrapped, current, unknown } as JSON')
    .addHelpText('after', '\nMay run beside the gateway, once that has the new key. Exits with 1 if no key opens one.')
    .action(runRotate);
}
