/** What other systems are told of by webhooks, and how it gets there: an outbox, so that nothing is lost in a restart. */

import type { JsonObject } from './json.ts';
import type { Secret } from './secret.ts';

/**
 * `budget.threshold`: a share of a budget is used that `alertAt` names; `budget.exceeded`: a budget refused a call;
 * `approval.requested`: a call waits for a person; `approval.decided`: one was approved, rejected, or expired.
 */
export const WEBHOOK_EVENTS = [
  'budget.threshold',
  'budget.exceeded',
  'approval.requested',
  'approval.decided',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

export interface WebhookConfig {
  readonly name: string;
  /** https, or http on loopback. */
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: Secret;
  readonly events: readonly WebhookEventType[];
}

export interface WebhookEvent {
  /** The same for the same fact, whichever process noticed it and however often: told once. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly atMs: number;
  readonly data: JsonObject;
  /** When the fact can no longer be noticed again; undefined: always. Until then its id is remembered. */
  readonly keepUntilMs: number | undefined;
}

/** An event as it is sent. */
export interface OutboxEntry extends Pick<WebhookEvent, 'id' | 'type' | 'keepUntilMs'> {
  /** JSON. */
  readonly body: string;
}

/** An event on its way to one webhook. */
export interface Delivery {
  readonly eventId: string;
  readonly hook: string;
  readonly type: WebhookEventType;
  /** JSON. */
  readonly body: string;
  /** Tries so far. */
  readonly attempts: number;
  readonly createdAtMs: number;
}

/** Port: what is to be told. SQLite by default, PostgreSQL for several replicas. */
export interface Outbox extends Disposable {
  /** Keeps it for each of them that has not got it yet. `full`: so many wait already that it was not kept. */
  add(entry: OutboxEntry, hooks: readonly string[], nowMs: number): 'kept' | 'full' | Promise<'kept' | 'full'>;
  /**
   * Those whose time has come, oldest first; they are not given out again before `leaseMs` have passed, so that what a process took
   * with it when it died is tried by the next.
   */
  take(limit: number, leaseMs: number, nowMs: number): readonly Delivery[] | Promise<readonly Delivery[]>;
  /** Delivered, or given up. */
  done(delivery: Delivery, nowMs: number): void | Promise<void>;
  /** Is to be tried again then. */
  retry(delivery: Delivery, atMs: number): void | Promise<void>;
}
