/** Notices when so much of a budget is used that somebody wants to hear of it. Off the path of calls. */

import { createHash } from 'node:crypto';
import type { LimitLine, LimitStore } from '../../contracts/limits.ts';
import type { Log } from '../../contracts/log.ts';
import type { WebhookEvent } from '../../contracts/webhooks.ts';
import { describeLine, nameSpan } from '../../domain/limits/compile-lines.ts';
import { spanWindow } from '../../lib/calendar-window.ts';
import { createLru } from '../../lib/lru.ts';

export interface BudgetAlerts {
  /** Something was booked on these lines. Returns at once. */
  onSpent(lines: readonly LimitLine[]): void;
  /** This one refused a call. Returns at once. */
  onRefused(line: LimitLine): void;
}

/** Lines of which is remembered what was told; of others the outbox knows. */
const MAX_REMEMBERED = 10_000;
const DAY_MS = 86_400_000;

interface Window {
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
}

export function createBudgetAlerts(deps: {
  readonly limits: Pick<LimitStore, 'used'>;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly tell: (event: WebhookEvent) => void | Promise<void>;
  readonly log?: Log | undefined;
}): BudgetAlerts {
  /** At most one entry a line. */
  const waiting = new Map<string, { readonly line: LimitLine; isRefused: boolean }>();
  const told = createLru<true>(MAX_REMEMBERED);
  let isScheduled = false;

  const tell = async (line: LimitLine, share: number | 'exceeded', used: number): Promise<void> => {
    const nowMs = deps.now();
    const window = windowOf(line, nowMs);
    const id = `evt_${digest([line.id, String(line.max), String(window.startMs), String(share)])}`;
    if (told.get(id) !== undefined) return;
    const { level, on, max } = line;
    await deps.tell({
      id,
      type: share === 'exceeded' ? 'budget.exceeded' : 'budget.threshold',
      atMs: nowMs,
      data: {
        budget: describeLine(line),
        level: { type: level.type, id: level.id, name: level.name },
        ...{ per: nameSpan(line) ?? '', maxMicroUsd: max, usedMicroUsd: used },
        ...(share !== 'exceeded' && { share }),
        ...(on !== undefined && { on: [...on] }),
        ...(window.startMs !== undefined && { windowStart: new Date(window.startMs).toISOString() }),
      },
      // A day longer, for clocks that are set.
      keepUntilMs: window.endMs === undefined ? undefined : window.endMs + DAY_MS,
    });
    told.set(id, true, 1);
  };

  const look = async (line: LimitLine, isRefused: boolean): Promise<void> => {
    const used = await deps.limits.used(line);
    if (used === undefined) return;
    for (const share of line.alertAt) if (used >= share * line.max) await tell(line, share, used);
    if (isRefused) await tell(line, 'exceeded', used);
  };

  const lookAll = async (): Promise<void> => {
    isScheduled = false;
    const lines = [...waiting.values()];
    waiting.clear();
    for (const { line, isRefused } of lines)
      await look(line, isRefused).catch((error: unknown) =>
        deps.log?.error('a webhook could not be told of a budget; the next call tries again', { line: line.id, error }),
      );
  };

  const note = (line: LimitLine, isRefused: boolean): void => {
    const known = waiting.get(line.id);
    if (known === undefined) waiting.set(line.id, { line, isRefused });
    else known.isRefused ||= isRefused;
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => void lookAll());
  };

  return {
    onSpent(lines) {
      for (const line of lines) if (line.alertAt.length > 0) note(line, false);
    },
    onRefused: (line) => note(line, true),
  };
}

/** What `once in each window` means: a sliding span is cut into spans one after the other. */
function windowOf({ span }: LimitLine, nowMs: number): Window {
  switch (span.type) {
    case 'calendar':
      return spanWindow(span, nowMs);
    case 'sliding': {
      const startMs = Math.floor(nowMs / span.spanMs) * span.spanMs;
      return { startMs, endMs: startMs + span.spanMs };
    }
    case 'total':
    case 'concurrent':
      return { startMs: undefined, endMs: undefined };
  }
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
