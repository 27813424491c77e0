/** Problems of a configuration as lines for a person, without colours. */

import type { ConfigProblem } from '../../contracts/config.ts';

/**
 * One block per problem: place and path, what is wrong, what to do. With `file` the place is written as editors and
 * terminals make it clickable, `file:line:column`.
 */
export function renderProblems(problems: readonly ConfigProblem[], file?: string): string {
  return problems.map((problem) => renderProblem(problem, file)).join('\n');
}

function renderProblem({ path, line, column, message, remedy }: ConfigProblem, file: string | undefined): string {
  const position = line === undefined ? '' : `${line}:${column}`;
  const place = file === undefined ? position : [file, position].filter((part) => part !== '').join(':');
  const head = [place, path].filter((part) => part !== '').join('  ');
  const lines = [...(head === '' ? [] : [head]), `  ${message}`, ...(remedy === undefined ? [] : [`  -> ${remedy}`])];
  return lines.map((each) => each.replace(/[\x00-\x1f\x7f]/g, ' ')).join('\n');
}
