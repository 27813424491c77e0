/** For tests: a directory that is gone when the test is over, and a log that keeps what it is told. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Log } from '../../../contracts/log.ts';
import { createLog } from '../../telemetry/log.ts';

export function freshDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-audit-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function keepLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level: 'debug', write: (line) => lines.push(line) }), lines };
}
