/** `portcullis models`: the models that a key may use, through the running gateway. */

import type { Command } from 'commander';
import { isObject } from '../../lib/is-object.ts';
import { CommandError, EXIT } from './command-error.ts';
import { getJson } from './gateway-client.ts';
import { type GatewayOptions, resolveGateway, withGatewayOptions } from './shared-options.ts';
import { print, printJson, printNote, printTable } from './terminal.ts';

interface ModelsOptions extends GatewayOptions {
  readonly json?: boolean;
}

async function runModels(options: ModelsOptions): Promise<void> {
  const address = resolveGateway(options);
  const { status, body } = await getJson(address, '/v1/models', AbortSignal.timeout(30_000)).catch(
    async (error: unknown) => {
      // A gateway without providers has no such address; something else at it has no `/ready` either.
      if (!(error instanceof CommandError) || error.exitCode !== EXIT.unreachable) throw error;
      await getJson(address, '/ready', AbortSignal.timeout(10_000));
      throw new CommandError(
        EXIT.failed,
        'this gateway has no models',
        'Write some under "providers", e.g. "fake": {}.',
      );
    },
  );
  const data = isObject(body) && Array.isArray(body.data) ? body.data.filter(isObject) : undefined;
  if (data === undefined) throw new CommandError(EXIT.failed, `the list of models cannot be read (HTTP ${status})`);
  if (options.json) return printJson(data);
  if (data.length === 0)
    printNote('No model is listed to this key. It may use more than is listed: whatever its --allow "model:…" fits.');
  printTable(
    ['MODEL', 'PROVIDER'],
    data.map(({ id, owned_by }) => [String(id), typeof owned_by === 'string' ? owned_by : '-']),
  );
  if (data.length > 0 && process.stdout.isTTY) print(`\nBase URL: ${address.url}/v1`);
}

/** Adds the command. */
export function modelsCommand(program: Command): void {
  withGatewayOptions(program.command('models'))
    .description('List the models that the key may use')
    .option('--json', 'print as a JSON array')
    .action(runModels);
}
