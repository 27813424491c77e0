/** From what a level may use to its lines: one account each, with an id that is the same in every process. */

import { createHash } from 'node:crypto';
import {
  type Budget,
  type BudgetWindow,
  type LevelRef,
  type LimitLine,
  type LimitSpan,
  RATE_SPANS,
  type RateLimit,
  type RateSpan,
  type UsageLimits,
} from '../../contracts/limits.ts';

const SPAN_MS: { readonly [span in RateSpan]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
const ROLLING_MS: { readonly [window in Exclude<BudgetWindow, 'total'>]: number } = {
  hour: SPAN_MS.hour,
  day: SPAN_MS.day,
  week: 7 * SPAN_MS.day,
  month: 30 * SPAN_MS.day,
};

/** The lines of one level, in the order in which they are told of. Of two with the same account the narrower counts. */
export function compileLines(level: LevelRef, limits: UsageLimits): readonly LimitLine[] {
  const lines = new Map<string, LimitLine>();
  const add = (line: LimitLine): void => {
    const same = lines.get(line.id);
    if (same === undefined) return void lines.set(line.id, line);
    const alertAt = same.max <= line.max ? same.alertAt : line.alertAt;
    lines.set(line.id, { ...line, max: Math.min(same.max, line.max), alertAt });
  };
  if (limits.maxConcurrent !== undefined)
    add(
      createLine(level, 'concurrent', limits.maxConcurrent, ['now', { type: 'concurrent' }], { queue: limits.queue }),
    );
  for (const what of ['requests', 'tokens', 'toolCalls'] as const)
    for (const { max, per, on } of limits[what] satisfies readonly RateLimit[])
      add(createLine(level, what, max, [per, { type: 'sliding', spanMs: SPAN_MS[per] }], { on, queue: limits.queue }));
  for (const budget of limits.budgets)
    add(
      createLine(level, 'money', budget.maxMicroUsd, spanOf(budget), {
        on: budget.on,
        alertAt: budget.alertAt?.toSorted((a, b) => a - b) ?? [],
      }),
    );
  return [...lines.values()];
}

function createLine(
  level: LevelRef,
  what: LimitLine['what'],
  max: number,
  [name, span]: readonly [name: string, span: LimitSpan],
  more: Partial<Pick<LimitLine, 'on' | 'alertAt' | 'queue'>> = {},
): LimitLine {
  const { on, alertAt = [], queue } = more;
  const digest = on && createHash('sha256').update(JSON.stringify(on.toSorted())).digest('hex').slice(0, 16);
  const ref: LevelRef = { type: level.type, id: level.id, name: level.name };
  return {
    id: [level.type, level.id, what, name, digest ?? ''].join('/'),
    level: ref,
    what,
    max,
    span,
    on,
    alertAt,
    ...(queue && { queue }),
  };
}

function spanOf({ per, timeZone, rolling }: Budget): readonly [name: string, span: LimitSpan] {
  if (per === 'total') return ['total/', { type: 'total' }];
  if (rolling === true) return [`rolling-${per}/`, { type: 'sliding', spanMs: ROLLING_MS[per] }];
  return [`${per}/${timeZone}`, { type: 'calendar', per, timeZone }];
}

/** How a line's span is written: `minute`, `day`, `rolling day`, `total`; undefined: what is under way. */
export function nameSpan({ what, span }: Pick<LimitLine, 'what' | 'span'>): string | undefined {
  switch (span.type) {
    case 'concurrent':
      return undefined;
    case 'total':
      return 'total';
    case 'calendar':
      return span.per;
    case 'sliding': {
      if (what !== 'money') return RATE_SPANS.find((per) => SPAN_MS[per] === span.spanMs);
      const per = (['hour', 'day', 'week', 'month'] as const).find((each) => ROLLING_MS[each] === span.spanMs);
      return per && `rolling ${per}`;
    }
  }
}

const NOUNS = { requests: 'requests', tokens: 'tokens', toolCalls: 'calls of tools' } as const;

/** For whoever met it: `team research: 5 USD per day on model:openai/*`. */
export function describeLine(line: LimitLine): string {
  const { what, max, level, on } = line;
  const span = nameSpan(line);
  const where = on === undefined ? '' : ` on ${on.join(', ')}`;
  const whose = `${level.type} ${level.name}`;
  if (what === 'concurrent') return `${whose}: ${max} calls at once${where}`;
  if (what !== 'money') return `${whose}: ${max} ${NOUNS[what]} per ${span}${where}`;
  const usd = max / 1_000_000;
  return span === 'total' ? `${whose}: ${usd} USD in all${where}` : `${whose}: ${usd} USD per ${span}${where}`;
}
