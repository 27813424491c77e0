/** The generator process, seen from here: one job at a time. */

import { join } from 'node:path';
import type { Job, Report } from '../generator.ts';
import { startProcess } from './processes.ts';

export interface Load {
  run(job: Job): Promise<Report>;
  stop(): Promise<void>;
  kill(): void;
}

/** Beyond a job's own limit. */
const SLACK_MS = 20_000;

export async function startLoad(core: number | undefined): Promise<Load> {
  const generator = await startProcess({
    command: process.execPath,
    args: [join(import.meta.dirname, '../generator.ts')],
    core,
    isReady: (line) => line === 'ready',
  });
  return {
    async run(job) {
      generator.write(`${JSON.stringify(job)}\n`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        const fail = (): void => reject(new Error('the load generator does not answer'));
        timer = setTimeout(fail, job.maxSeconds * 1_000 + SLACK_MS);
      });
      try {
        const { value, done } = await Promise.race([generator.lines.next(), late]);
        if (done === true) throw new Error(`the load generator ended: ${generator.said()}`);
        const report = JSON.parse(value) as Report | { readonly error: string };
        if ('error' in report) throw new Error(`the load generator failed: ${report.error}`);
        return report;
      } finally {
        clearTimeout(timer);
      }
    },
    stop: () => generator.stop(),
    kill: () => generator.kill(),
  };
}
