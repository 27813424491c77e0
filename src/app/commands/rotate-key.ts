/** `portcullis keys rotate`: a new secret for a key, the old one beside it for a while. */

import type { Command } from 'commander';
import type { JsonObject } from '../../contracts/json.ts';
import { replaceSecrets } from '../../edges/admin/secrets.ts';
import { createAccessToken } from '../../lib/access-token.ts';
import { CommandError, EXIT } from './command-error.ts';
import { listAll, withObjects } from './open-objects.ts';
import { parseMoment } from './parse-moment.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { bodyOf, findKey, noSuchKey, publicKey, writeKey } from './stored-key.ts';
import { print, printJson, printNote, renderTime } from './terminal.ts';

const MAX_GRACE_MS = 30 * 86_400_000;

async function runRotate(
  idOrName: string,
  options: DataOptions & { readonly grace?: string; readonly json?: boolean },
): Promise<void> {
  const nowMs = Date.now();
  // Only spans: a date would read as one of an expiry.
  const isSpan = options.grace === undefined || /^\d+\s*[smhdw]$/.test(options.grace.trim());
  const endMs = options.grace === undefined ? nowMs : parseMoment(options.grace, nowMs, 1);
  if (!isSpan || endMs === undefined || endMs - nowMs > MAX_GRACE_MS)
    throw new CommandError(EXIT.usage, '--grace wants a span of at most 30 days, such as 24h');
  const { token, hash, prefix } = createAccessToken('pck');
  const record = await withObjects(options, async (store) => {
    const found = findKey(await listAll(store, 'key'), idOrName);
    if (found === undefined || bodyOf(found).revokedAtMs !== undefined) return undefined;
    const { kind, id, name, version } = found;
    const kept = { hash, prefix, createdAtMs: nowMs };
    const secrets = replaceSecrets(bodyOf(found).secrets, kept, endMs - nowMs, nowMs);
    const body = JSON.parse(JSON.stringify({ ...found.body, secrets })) as JsonObject;
    return writeKey(store, { action: 'update', kind, id, name, body, ifVersion: version }, nowMs);
  });
  if (record === undefined) throw noSuchKey(idOrName);
  if (options.json) {
    printJson({ ...publicKey(record), secret: token });
    return;
  }
  print(token);
  const ending = options.grace === undefined ? 'ended at once' : `ends ${renderTime(endMs)}`;
  printNote(`This is the new secret of ${record.name} (${prefix}…), shown this once; the old one ${ending}.`);
}

/** Adds the command to `keys`. */
export function addRotate(keys: Command): void {
  withDataOptions(keys.command('rotate'))
    .description('Give a key a new secret and print it, once; what the key may do and has used stays')
    .argument('<key>', 'its name, prefix or id')
    .option('--grace <span>', 'for so long the old secret can be used beside the new one (24h; at once by default)')
    .option('--json', 'print the key and its new secret as JSON')
    .action(runRotate);
}
