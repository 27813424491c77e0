/**
 * For tests: a gateway reduced to its trail. It intends, executes (one line in a file of its own, written through to the
 * kernel like any side effect) and finishes calls until it is killed. Arguments: data directory, file, `sync` or `async`, and
 * the URL of a PostgreSQL database, if the trail is there.
 */

import { openSync, writeSync } from 'node:fs';
import { createLog } from '../../telemetry/log.ts';
import { lockDataDir } from '../lock-data-dir.ts';
import { openTrail } from '../open-trail.ts';
import { openReplicaId } from '../replica-id.ts';
import { makeFinish, makeIntent } from './make-call.ts';

const [dataDir = '', executedFile = '', mode, url] = process.argv.slice(2);
const executed = openSync(executedFile, 'a');
// Nobody keeps what is returned: the lock has to hold all the same, also after garbage was collected.
lockDataDir(dataDir);
const trail = await openTrail({
  dataDir,
  sync: mode === 'sync',
  maxAgeDays: 10_000,
  maxSizeMb: 1_000,
  // Small, so that files are rotated, folded and removed all the time.
  segmentBytes: 20_000,
  ...(url !== undefined && {
    postgres: { database: { url, schema: 'portcullis' }, replicaId: openReplicaId(dataDir) },
  }),
  log: createLog({ level: 'error' }),
});
globalThis.gc?.();
process.stdout.write('up\n');

async function work(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    const id = `${process.pid}-${lane}-${i}`;
    await trail.intend(makeIntent(id));
    writeSync(executed, `${id}\n`);
    // Every seventh call is never answered.
    if (i % 7 !== 0) trail.finish(makeFinish(id));
    trail.record(makeIntent(`list-${id}`, { kind: 'tools.list' }), makeFinish(`list-${id}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
for (let lane = 0; lane < 4; lane++) void work(lane);
