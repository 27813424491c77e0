/** For tests: a folding worker that crashes at its first request, unless it has done so before. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

const marker = join((workerData as { dataDir: string }).dataDir, 'crashed');
if (existsSync(marker)) await import('../fold-worker.ts');
else {
  parentPort?.postMessage({ type: 'ready' });
  parentPort?.on('message', () => {
    writeFileSync(marker, '');
    throw new Error('planted crash');
  });
}
