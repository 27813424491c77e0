/** Section `codeMode`: its patterns, and figures that have to fit one another. */

import type { z } from 'zod';
import type { CodeModeConfig } from '../../contracts/codemode.ts';
import { checkPattern } from './check-pattern.ts';
import type { CodeModeSection } from './codemode-schema.ts';
import type { Document } from './document.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt } from './report.ts';

/** Undefined: the section is not there, or cannot be read. */
export function readCodeMode(
  { root, report }: Document,
  section: z.output<typeof CodeModeSection> | undefined,
  known: readonly KnownServer[],
): CodeModeConfig | undefined {
  if (section === undefined || nodeAt(root, ['codeMode']) === undefined) return undefined;
  for (const [i, pattern] of section.pinned.entries()) checkPattern(report, ['codeMode', 'pinned', i], pattern, known);
  const { maxWorkers, warmWorkers, dialect, worker } = section;
  if (maxWorkers !== undefined && warmWorkers > maxWorkers)
    report.problem(
      ['codeMode', 'warmWorkers'],
      `${warmWorkers} are more than maxWorkers allows: ${maxWorkers}`,
      'lower it, or raise maxWorkers',
    );
  return { ...section, dialect, worker, maxWorkers };
}
