/** Starts a process for a folder of tools, and again without the file that broke it: one bad file must not take the others along. */

import type { GatewayError } from '../../../contracts/errors.ts';
import { type HostProcess, type HostProcessOptions, startHostProcess } from './host-process.ts';
import type { FileProblem, FolderReport } from './host-words.ts';

/** Files that may each break a process while it loads, before the whole folder is given up. */
const MAX_SKIPS = 5;

/** A process that is ready for calls, and what it serves; `problems` holds the files that were left out too. */
export interface Generation {
  readonly host: HostProcess;
  readonly report: FolderReport;
}

export interface GenerationEvents {
  /** True: no further attempt is wanted. */
  isOver(): boolean;
  /** The process that is being started now, so that it can be stopped; undefined: none is. */
  onStarting(host: HostProcess | undefined): void;
  onMessage(text: string, owner: number | undefined): void;
  onFailed(id: number, error: GatewayError): void;
  /** At most once for each process. */
  onWorn(host: HostProcess, reason: string): void;
  onGone(host: HostProcess, reason: string): void;
}

export async function startGeneration(
  options: Omit<HostProcessOptions, 'skip'>,
  events: GenerationEvents,
): Promise<Generation | { readonly failure: string }> {
  const skipped: FileProblem[] = [];
  for (;;) {
    let isWorn = false;
    const host: HostProcess = startHostProcess(
      { ...options, skip: skipped.map(({ file }) => file) },
      {
        onMessage: events.onMessage,
        onFailed: events.onFailed,
        onWorn(reason) {
          if (!isWorn) events.onWorn(host, reason);
          isWorn = true;
        },
        onGone: (reason) => events.onGone(host, reason),
      },
    );
    events.onStarting(host);
    const started = await host.started;
    events.onStarting(undefined);
    if (started.type === 'ready')
      return { host, report: { ...started.report, problems: [...skipped, ...started.report.problems] } };
    await host.close();
    const { file, message } = started;
    if (file === undefined) return { failure: message };
    if (events.isOver() || skipped.length >= MAX_SKIPS || skipped.some((each) => each.file === file))
      return { failure: `${file}: ${message}` };
    skipped.push({ file, message });
  }
}
