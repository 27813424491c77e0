/** How much memory a process holds, as the operating system sees it. */

import { execFileSync } from 'node:child_process';

export function residentBytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}
