/** `npm run test:sdks`: the official SDKs through the gateway to every kind of provider, as a matrix. `--write-docs` keeps it. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const LIMIT_MS = 480_000;

const file = join(import.meta.dirname, '../test/sdks/matrix.test.ts');
const env = process.argv.includes('--write-docs') ? { ...process.env, PORTCULLIS_WRITE_DOCS: '1' } : process.env;
const done = spawnSync(process.execPath, ['--test', file], { stdio: 'inherit', timeout: LIMIT_MS, env });
process.exitCode = done.status ?? 1;
