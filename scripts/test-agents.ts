/** `npm run test:agents`: installs coding agents from the registry at pinned versions into `.cache/`, then runs them through the gateway. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAgents } from '../test/agents/packages.ts';

const LIMIT_MS = 900_000;

/** Namespaces of their own for network and processes: nothing gets out, and nothing is left when it is over. */
const ALONE = ['-rnpf', '--kill-child', '--mount-proc', '--', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

installAgents();
const file = join(import.meta.dirname, '../test/agents/matrix.ts');
const command = [process.execPath, '--test', '--test-reporter=spec', file];
// Where this system lets ordinary users make namespaces, as Linux mostly does; elsewhere they run as they are.
const canBeAlone = spawnSync('unshare', [...ALONE, 'true'], { timeout: 10_000 }).status === 0;
const [first = '', ...rest] = canBeAlone ? ['unshare', ...ALONE, ...command] : command;
const done = spawnSync(first, rest, { stdio: 'inherit', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
process.exitCode = done.status ?? 1;
