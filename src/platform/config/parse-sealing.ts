/** The master keys alone, for commands that open what is stored and need nothing else of the configuration. */

import type { ConfigProblem } from '../../contracts/config.ts';
import type { SealingConfig } from '../../contracts/config-sections.ts';
import { JsoncError, parseJsonc } from '../../lib/jsonc.ts';
import { openDocument } from './open-document.ts';
import type { ParseOptions } from './parse-config.ts';
import { readSealing } from './read-sealing.ts';
import { createReport } from './report.ts';

export type SealingResult =
  | { readonly ok: true; readonly sealing: SealingConfig | undefined }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Never throws. Problems of other sections are none here, but for those of `secrets`. */
export function parseSealing(text: string, options: ParseOptions): SealingResult {
  try {
    const root = parseJsonc(text);
    const report = createReport(text, root);
    const sealing = readSealing(openDocument(root, report, options));
    return report.problems.length > 0 ? { ok: false, problems: report.problems } : { ok: true, sealing };
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    const report = createReport(text, undefined);
    report.problem([], error.message, error.remedy, error.at);
    return { ok: false, problems: report.problems };
  }
}
