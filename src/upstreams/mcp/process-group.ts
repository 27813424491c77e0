/** Signals to a started server and everything it started itself (npx, uvx and shell wrappers do). */

import type { ChildProcess } from 'node:child_process';

/** Sends the signal to the whole group; false if there is nobody left. On Windows only the process itself is reached. */
export function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (child.pid === undefined) return false;
  if (process.platform === 'win32') return child.kill(signal);
  try {
    process.kill(-child.pid, signal);
    return true;
  } catch {
    return false;
  }
}
