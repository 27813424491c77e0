/** What webhooks are to be told, on SQLite: it is still there when a process was killed between knowing and telling. */

import type { Delivery, Outbox, WebhookEventType } from '../../../contracts/webhooks.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Of events that wait, for all webhooks together. */
const MAX_WAITING = 10_000;

/** Opens it in `<dataDir>/portcullis.db`. */
export function openOutbox(options: { readonly dataDir: string; readonly maxWaiting?: number }): Outbox {
  const db = openStore(options.dataDir);
  const maxWaiting = options.maxWaiting ?? MAX_WAITING;
  const countWaiting = db.prepare('SELECT count(*) AS waiting FROM webhook_outbox WHERE next_at_ms IS NOT NULL');
  const insert = db.prepare(
    `INSERT INTO webhook_outbox (event_id, hook, type, body, attempts, created_at_ms, next_at_ms, keep_until_ms)
     VALUES (?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (event_id, hook) DO NOTHING`,
  );
  const dropOld = db.prepare('DELETE FROM webhook_outbox WHERE next_at_ms IS NULL AND keep_until_ms < ?');
  const selectDue = db.prepare('SELECT * FROM webhook_outbox WHERE next_at_ms <= ? ORDER BY next_at_ms LIMIT ?');
  const lease = db.prepare(
    'UPDATE webhook_outbox SET next_at_ms = ?, attempts = attempts + 1 WHERE event_id = ? AND hook = ?',
  );
  const end = db.prepare('UPDATE webhook_outbox SET next_at_ms = NULL WHERE event_id = ? AND hook = ?');
  const postpone = db.prepare('UPDATE webhook_outbox SET next_at_ms = ? WHERE event_id = ? AND hook = ?');
  return {
    add({ id, type, body, keepUntilMs }, hooks, nowMs) {
      return inTransaction(db, () => {
        dropOld.run(nowMs);
        if (Number(countWaiting.get()?.waiting) + hooks.length > maxWaiting) return 'full';
        for (const hook of hooks) insert.run(id, hook, type, body, nowMs, nowMs, keepUntilMs ?? null);
        return 'kept';
      });
    },
    take(limit, leaseMs, nowMs) {
      // Mostly there is nothing, and then nobody is kept from writing.
      if (selectDue.all(nowMs, 1).length === 0) return [];
      return inTransaction(db, () => {
        const due = selectDue.all(nowMs, limit).map(readDelivery);
        for (const { eventId, hook } of due) lease.run(nowMs + leaseMs, eventId, hook);
        return due;
      });
    },
    done({ eventId, hook }) {
      end.run(eventId, hook);
    },
    retry({ eventId, hook }, atMs) {
      postpone.run(atMs, eventId, hook);
    },
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}

function readDelivery(row: { readonly [column: string]: unknown }): Delivery {
  return {
    eventId: String(row.event_id),
    hook: String(row.hook),
    type: String(row.type) as WebhookEventType,
    body: String(row.body),
    attempts: Number(row.attempts),
    createdAtMs: Number(row.created_at_ms),
  };
}
