/** `portcullis login SERVER`: the address to open where the gateway has to sign in at a server. */

import type { Command } from 'commander';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import { hasUnopened } from '../../upstreams/oauth/kept-credential.ts';
import { openSignIn, SIGN_IN_MS } from '../../upstreams/oauth/sign-in.ts';
import { CommandError, EXIT } from './command-error.ts';
import { withStores } from './command-stores.ts';
import { readSealingConfig } from './open-command-sealing.ts';
import { type DataOptions, resolveDataDir, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote } from './terminal.ts';

interface LoginOptions extends DataOptions {
  readonly json?: boolean;
}

async function runLogin(serverId: string, options: LoginOptions): Promise<void> {
  const config = await readSealingConfig(options);
  await withStores(options, async (stores) => {
    const store = await stores.credentials();
    const isShared = stores.database !== undefined;
    const { forRecords } = openSealing({ dataDir: resolveDataDir(options), config, isShared, makesNoKey: true });
    const signIn = await openSignIn({ store, sealer: forRecords, now: Date.now }, serverId);
    if (signIn.url === undefined && hasUnopened({ store, sealer: forRecords, now: Date.now }, serverId))
      throw new CommandError(
        EXIT.failed,
        `what is stored for ${JSON.stringify(serverId)} is sealed with a key that is not known here`,
        'Set PORTCULLIS_MASTER_KEY as the gateway has it, or name its configuration with --config.',
      );
    if (signIn.url === undefined)
      throw new CommandError(
        EXIT.failed,
        signIn.problem === undefined
          ? `server ${JSON.stringify(serverId)} does not wait for a sign-in`
          : `no sign-in could be prepared for ${JSON.stringify(serverId)}: ${signIn.problem}`,
        signIn.problem === undefined
          ? 'The gateway has to run, and to have been refused by the server: see `portcullis servers`.'
          : 'Where the gateway cannot register itself, set "oauth": { "clientId" } in serverOptions.',
      );
    if (options.json) printJson({ server: serverId, url: signIn.url, expiresInMs: SIGN_IN_MS });
    else print(signIn.url);
    if (!options.json)
      printNote('Open this address in a browser within ten minutes, while the gateway runs. It is good once.');
  });
}

/** Adds the command. */
export function loginCommand(program: Command): void {
  withDataOptions(program.command('login <server>'))
    .description('Show the address to open where the gateway has to sign in at a server (OAuth)')
    .option('--json', 'print as one JSON object')
    .action(runLogin);
}
