/** Reports a condition (CEL) that does not compile, at the character where it goes wrong. */

import type { Document } from './document.ts';
import { nodeAt, type Path } from './report.ts';

/** `path`: of the condition in the file. */
export function reportCondition(
  document: Document,
  path: Path,
  when: string,
  fault: { readonly at: number; readonly message: string; readonly remedy: string | undefined },
): void {
  const node = nodeAt(document.root, path);
  // Only where every character stands for itself is the place in the file known.
  const isPlain = node?.type === 'scalar' && node.value === when && node.end - node.start === when.length + 2;
  const at = isPlain ? node.start + 1 + fault.at : undefined;
  document.report.problem(path, `character ${fault.at + 1}: ${fault.message}`, fault.remedy, at);
}
