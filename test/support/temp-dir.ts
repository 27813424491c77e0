/** Throw-away folders of tests. */

import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever can be told to clean up later: a node:test context, or a script's own list. */
export interface Cleanup {
  after(clean: () => unknown): void;
}

/** A list of things to clean up, for whatever outlives one test: `run` does them, latest first. */
export function createCleanup(): Cleanup & { run(): Promise<void> } {
  const cleanups: (() => unknown)[] = [];
  return {
    after: (clean) => void cleanups.push(clean),
    async run() {
      for (const clean of cleanups.splice(0).reverse()) await clean();
    },
  };
}

/** A new folder, removed when the test is over. */
export async function createTempDir(cleanup: Cleanup): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-test-')));
  cleanup.after(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}
