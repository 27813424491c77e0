/** Our version, from the package we run in. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Looks upward from this file, since the bundle lies elsewhere than the source. */
export function readVersion(): string {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    const file = join(dir, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    if (dirname(dir) === dir) return '0.0.0';
  }
}
