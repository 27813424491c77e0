/** An explanation of what a key may do, as a person reads it, and its limits as scripts do. */

import type { ExplainedLimit, Explanation } from '../../contracts/explain.ts';
import type { LevelRef, LimitLine } from '../../contracts/limits.ts';
import { describeLine } from '../../domain/limits/compile-lines.ts';
import { type Cell, paint, print, printTable } from './terminal.ts';

const STYLES = { allowed: 'green', asks: 'yellow', refused: 'red', unknown: 'yellow' } as const;

/** As the API says it. */
export function renderStanding({ line: { id, level, what, max }, used }: ExplainedLimit): object {
  return { id, level, what, max, used: used ?? null, left: used === undefined ? null : Math.max(0, max - used) };
}

/** The verdict, the rules, and where the limits stand. */
export function printExplanation({ verdict, code, reason, rules, limits }: Explanation): void {
  print(`${paint(STYLES[verdict], verdict)}${code === undefined ? '' : ` (${code})`}: ${reason}`);
  if (rules.length > 0) {
    print();
    printTable(
      ['STEP', 'WHOSE', 'RULE', 'SAYS', 'WHY'],
      rules.map(({ step, level, rule, verdict: says, reason: why }): readonly Cell[] => {
        const style = RULE_STYLES[says];
        return [step, whose(level), rule ?? '-', style === undefined ? says : { text: says, style }, why];
      }),
    );
  }
  if (limits.length === 0) return;
  print();
  printTable(
    ['LIMIT OF', 'USED', 'LEFT', 'LIMIT'],
    limits.map(({ line, used }): readonly Cell[] => [
      whose(line.level),
      used === undefined ? 'in the gateway' : renderAmount(line, used),
      used === undefined ? '-' : renderAmount(line, Math.max(0, line.max - used)),
      describeLine(line),
    ]),
  );
}

const RULE_STYLES = {
  passes: 'green',
  refuses: 'red',
  asks: 'yellow',
  unknown: 'yellow',
  'not-concerned': undefined,
} as const;

const whose = (level: LevelRef | undefined): string => (level === undefined ? '-' : `${level.type} ${level.name}`);

function renderAmount({ what }: LimitLine, amount: number): string {
  return what === 'money' ? `${amount / 1_000_000} USD` : String(amount);
}
