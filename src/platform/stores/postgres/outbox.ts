/** What webhooks are to be told, on PostgreSQL: whichever replicas noticed it and whichever tells, it is told once. */

import type { Outbox, WebhookEventType } from '../../../contracts/webhooks.ts';
import type { Database } from './open-database.ts';

/** Of events that wait, for all webhooks together; replicas that add at the same moment may go beyond it by what they add. */
const MAX_WAITING = 10_000;

/** Oldest first, and none that another replica takes at this moment. */
const TAKE = `WITH due AS (
    SELECT event_id, hook, next_at_ms AS due_at_ms FROM webhook_outbox
    WHERE next_at_ms <= $1 ORDER BY next_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE webhook_outbox o SET next_at_ms = $3, attempts = o.attempts + 1
    FROM due WHERE o.event_id = due.event_id AND o.hook = due.hook
    RETURNING o.event_id, o.hook, o.type, o.body, o.attempts - 1 AS attempts, o.created_at_ms, due.due_at_ms
  ) SELECT * FROM taken ORDER BY due_at_ms`;

/** Leaves the database open. */
export function createOutbox({ query }: Pick<Database, 'query'>, maxWaiting = MAX_WAITING): Outbox {
  const end = 'UPDATE webhook_outbox SET next_at_ms = $3 WHERE event_id = $1 AND hook = $2';
  return {
    async add({ id, type, body, keepUntilMs }, hooks, nowMs) {
      await query('DELETE FROM webhook_outbox WHERE next_at_ms IS NULL AND keep_until_ms < $1', [nowMs]);
      const { rows } = await query('SELECT count(*) AS waiting FROM webhook_outbox WHERE next_at_ms IS NOT NULL');
      if (Number(rows[0]?.waiting) + hooks.length > maxWaiting) return 'full';
      await query(
        `INSERT INTO webhook_outbox (event_id, hook, type, body, attempts, created_at_ms, next_at_ms, keep_until_ms)
         SELECT $1, hook, $3, $4, 0, $5, $5, $6 FROM unnest($2::text[]) hook ON CONFLICT (event_id, hook) DO NOTHING`,
        [id, hooks, type, body, nowMs, keepUntilMs ?? null],
      );
      return 'kept';
    },
    async take(limit, leaseMs, nowMs) {
      const { rows } = await query(TAKE, [nowMs, limit, nowMs + leaseMs]);
      return rows.map((row) => ({
        eventId: String(row.event_id),
        hook: String(row.hook),
        type: String(row.type) as WebhookEventType,
        body: String(row.body),
        attempts: Number(row.attempts),
        createdAtMs: Number(row.created_at_ms),
      }));
    },
    async done({ eventId, hook }) {
      await query(end, [eventId, hook, null]);
    },
    async retry({ eventId, hook }, atMs) {
      await query(end, [eventId, hook, atMs]);
    },
    [Symbol.dispose]() {},
  };
}
