/**
 * Adds the builds for other platforms that npm left out of package-lock.json. npm leaves out every optional package that the
 * registry at hand does not have (a mirror with one platform's builds, for example), and then refuses `npm ci` everywhere
 * because they are missing. Run it after `npm install`: `node scripts/complete-lockfile.ts`; `--check` only tells.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: { readonly [name: string]: string };
  readonly [field: string]: unknown;
}

const file = join(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: { [path: string]: LockedPackage } };

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** Where `name` would be found from the package at `path`, if anywhere. */
function isLocked(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('node_modules/') - 1, 0))) {
    if (lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === '') return false;
  }
}

const missing: [string, LockedPackage][] = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(path, name)) continue;
    const os = SYSTEMS.find((system) => name.includes(system));
    const cpu = PROCESSORS.find((processor) => name.includes(processor));
    // Only builds that say which machine they are for, in one exact version, can be written down without asking a registry.
    if ((os === undefined && cpu !== 'wasm32') || cpu === undefined || !/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) {
      throw new Error(`${path} wants ${name}@${version}, which is not locked and cannot be completed`);
    }
    const libc = name.includes('musl') ? 'musl' : name.includes('-gnu') ? 'glibc' : undefined;
    const entry = {
      version,
      cpu: [cpu],
      ...(dev ? { dev } : {}),
      ...(libc === undefined ? {} : { libc: [libc] }),
      optional: true,
      ...(os === undefined ? {} : { os: [os] }),
    };
    missing.push([`node_modules/${name}`, entry]);
  }
}

if (missing.length > 0 && !process.argv.includes('--check')) {
  const [root, ...rest] = Object.entries(lock.packages);
  const sorted = [...rest, ...missing].sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(root === undefined ? sorted : [root, ...sorted]);
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
process.stdout.write(`${missing.length} builds ${process.argv.includes('--check') ? 'are missing' : 'added'}\n`);
if (missing.length > 0 && process.argv.includes('--check')) process.exitCode = 1;
