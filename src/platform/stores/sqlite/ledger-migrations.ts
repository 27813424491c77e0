/** The steps of the schema about money: the ledger of every level, and what webhooks are to be told of it. */

/**
 * The ledger, for every level a call counts for: by quarters of an hour (time zones are apart by those), and the same by what was
 * called, for limits that speak of some targets only. It outlives the rows it was made of; triggers keep it in the transaction that
 * folds a price, and take a sum along when another provider answered than was meant.
 */
export const LEDGER = `
ALTER TABLE trail ADD COLUMN user_id TEXT;
ALTER TABLE trail ADD COLUMN team_id TEXT;
ALTER TABLE trail ADD COLUMN organization_id TEXT;
-- JSON.
ALTER TABLE trail ADD COLUMN labels TEXT;
CREATE TABLE spend_by_level (
  level_type TEXT NOT NULL,
  level_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  micro_usd INTEGER NOT NULL,
  PRIMARY KEY (level_type, level_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE spend_by_target (
  level_type TEXT NOT NULL,
  level_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  -- 'tool' or 'model'.
  kind TEXT NOT NULL,
  -- Or provider, and its tool or model.
  server_id TEXT NOT NULL,
  target TEXT NOT NULL,
  calls INTEGER NOT NULL,
  micro_usd INTEGER NOT NULL,
  PRIMARY KEY (level_type, level_id, at_ms, kind, server_id, target)
) STRICT, WITHOUT ROWID;
-- Rows with prices that are gone from the trail are not newer than this: after it the ledger can be recomputed.
CREATE TABLE spend_rows_gone (until_ms INTEGER NOT NULL) STRICT;
INSERT INTO spend_rows_gone SELECT coalesce(max(at_ms) + 899999, -1) FROM spend;
INSERT INTO spend_by_level SELECT 'key', key_id, at_ms, calls, micro_usd FROM spend;
INSERT INTO spend_by_target
SELECT 'key', key_id, at_ms - at_ms % 900000, iif(kind = 'tools.call', 'tool', 'model'), coalesce(server_id, ''), coalesce(target, ''),
  count(*), sum(price_micro_usd)
FROM trail WHERE price_micro_usd > 0 AND key_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
DROP TRIGGER trail_spend_insert;
DROP TRIGGER trail_spend_update;
DROP TABLE spend;
CREATE TRIGGER trail_spend_insert AFTER INSERT ON trail WHEN NEW.price_micro_usd > 0 BEGIN
  ${addToLedger('NEW', '')}
END;
CREATE TRIGGER trail_spend_update AFTER UPDATE OF price_micro_usd, server_id, target ON trail
WHEN coalesce(NEW.price_micro_usd, 0) <> coalesce(OLD.price_micro_usd, 0)
  OR (NEW.price_micro_usd > 0 AND (NEW.server_id IS NOT OLD.server_id OR NEW.target IS NOT OLD.target)) BEGIN
  ${addToLedger('OLD', '-')}
  ${addToLedger('NEW', '')}
END;
CREATE TRIGGER trail_spend_delete AFTER DELETE ON trail WHEN OLD.price_micro_usd > 0 BEGIN
  UPDATE spend_rows_gone SET until_ms = max(until_ms, OLD.at_ms);
END;
`;

/**
 * Whoever adds many rows at once may add up what they cost: one change of the ledger for all in place of two for each, which
 * took as long as the rows themselves. Rows that change keep to their trigger.
 */
export const SPEND_SUMS = `
-- 1 within a transaction that brings the sums of its new rows itself; nobody else ever sees that.
CREATE TABLE spend_mode (sums_follow INTEGER NOT NULL) STRICT;
INSERT INTO spend_mode VALUES (0);
DROP TRIGGER trail_spend_insert;
CREATE TRIGGER trail_spend_insert AFTER INSERT ON trail
WHEN NEW.price_micro_usd > 0 AND (SELECT sums_follow FROM spend_mode) = 0 BEGIN
  ${addToLedger('NEW', '')}
END;
`;

/**
 * All that adds rows brings their sums. The trigger cost more than that it ran: because of it SQLite kept, for each row, a copy of every
 * page the row would change, and put the copies into files for temporary data.
 */
export const SPEND_SUMS_ONLY = `
DROP TRIGGER trail_spend_insert;
DROP TABLE spend_mode;
`;

/** Events on their way to webhooks; delivered ones stay as long as the same fact could be noticed again. */
export const WEBHOOK_OUTBOX = `
CREATE TABLE webhook_outbox (
  event_id TEXT NOT NULL,
  hook TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- NULL: delivered, or given up.
  next_at_ms INTEGER,
  -- NULL: for good.
  keep_until_ms INTEGER,
  PRIMARY KEY (event_id, hook)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_outbox_next ON webhook_outbox (next_at_ms) WHERE next_at_ms IS NOT NULL;
`;

/** Adds a row of the trail to the sums of every level it counts for, or takes it out again (`-`). */
function addToLedger(row: 'NEW' | 'OLD', sign: '' | '-'): string {
  const levels = `(SELECT 'key' AS type, ${row}.key_id AS id UNION ALL SELECT 'user', ${row}.user_id
    UNION ALL SELECT 'team', ${row}.team_id UNION ALL SELECT 'organization', ${row}.organization_id)`;
  const quarter = `${row}.at_ms - ${row}.at_ms % 900000`;
  const figures = `${sign}1, ${sign}${row}.price_micro_usd`;
  const target = `iif(${row}.kind = 'tools.call', 'tool', 'model'), coalesce(${row}.server_id, ''), coalesce(${row}.target, '')`;
  const where = `WHERE id IS NOT NULL AND ${row}.price_micro_usd > 0`;
  const add = 'DO UPDATE SET calls = calls + excluded.calls, micro_usd = micro_usd + excluded.micro_usd';
  return `INSERT INTO spend_by_level (level_type, level_id, at_ms, calls, micro_usd)
  SELECT type, id, ${quarter}, ${figures} FROM ${levels} ${where}
  ON CONFLICT (level_type, level_id, at_ms) ${add};
  INSERT INTO spend_by_target (level_type, level_id, at_ms, kind, server_id, target, calls, micro_usd)
  SELECT type, id, ${quarter}, ${target}, ${figures} FROM ${levels} ${where}
  ON CONFLICT (level_type, level_id, at_ms, kind, server_id, target) ${add};`;
}
