/** Moments and spans as people type them: `1h`, `30d`, `2026-12-31`, `2026-12-31T10:00:00Z`. */

const UNIT_MS: { readonly [unit: string]: number } = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `direction` -1: a span lies in the past (`--since 1h`), +1: in the future (`--expires 30d`). Undefined if it is neither. */
export function parseMoment(text: string, nowMs: number, direction: -1 | 1): number | undefined {
  const span = /^(\d{1,9})\s*([smhdw])$/.exec(text.trim());
  if (span) {
    const ms = nowMs + direction * Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? Number.NaN);
    return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? ms : undefined;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text.trim())) return undefined;
  const ms = Date.parse(text.trim());
  return Number.isNaN(ms) ? undefined : ms;
}
