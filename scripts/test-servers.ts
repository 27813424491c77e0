/** `npm run test:servers`: installs servers from the registry at pinned versions into `.cache/`, then tests them behind the gateway. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installRealServers } from '../test/real-servers/packages.ts';

const LIMIT_MS = 480_000;

installRealServers();
const file = join(import.meta.dirname, '../test/real-servers/behind-one-gateway.ts');
const done = spawnSync(process.execPath, ['--test', file], { stdio: 'inherit', timeout: LIMIT_MS });
process.exitCode = done.status ?? 1;
