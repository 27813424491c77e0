/**
 * What PostgreSQL runs for the limit store: one function to enter, one to leave, each a single statement and so a transaction of its
 * own. The arithmetic is that of `lib/rate-window` and of the memory store's accounts, to which one suite holds it.
 *
 * An account is a row. Of a sliding span: `n`, the newest slot, and `a`, amounts by slot. Of what is under way: `r`, a count for each
 * replica. Of money in a window: `e`, its end, `spent`, and `r`, what each replica has set aside.
 */
export const LIMITS = `
CREATE TABLE limit_accounts (
  id text PRIMARY KEY,
  state jsonb NOT NULL,
  -- By the clock of the database.
  keep_until_ms bigint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX limit_accounts_keep ON limit_accounts (keep_until_ms);
-- A process each, by the clock of the database.
CREATE TABLE limit_replicas (
  id text PRIMARY KEY,
  seen_at_ms bigint NOT NULL
);

CREATE FUNCTION limit_now() RETURNS numeric LANGUAGE sql VOLATILE AS
  'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::numeric';

-- Without what is out of the span. A clock that is set back stays in the newest slot.
CREATE FUNCTION limit_slots(state jsonb, span numeric, now_ms numeric) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('n', newest, 'a', coalesce((
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(coalesce(state->'a', '{}')) WHERE key::numeric >= newest - 20
  ), '{}'))
  FROM (SELECT greatest(coalesce((state->>'n')::numeric, -1), floor(now_ms * 20 / span)) AS newest) s
$$;

CREATE FUNCTION limit_sum(amounts jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS
  'SELECT coalesce(sum(value::numeric), 0) FROM jsonb_each_text(amounts)';

CREATE FUNCTION limit_put(state jsonb, part text, place text, amount numeric) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_set(state, ARRAY[part, place],
    to_jsonb(greatest(0, coalesce((state->part->>place)::numeric, 0) + amount)))
$$;

CREATE FUNCTION limit_wait(state jsonb, span numeric, now_ms numeric, amount numeric, max numeric)
RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  excess numeric := limit_sum(state->'a') + amount - max;
  newest numeric := (state->>'n')::numeric;
BEGIN
  IF amount > max THEN RETURN span; END IF;
  IF excess <= 0 THEN RETURN 0; END IF;
  FOR i IN 0..20 LOOP
    excess := excess - coalesce((state->'a'->>(newest - 20 + i)::text)::numeric, 0);
    IF excess <= 0 THEN RETURN greatest(1, (newest + i + 1) * span / 20 - now_ms); END IF;
  END LOOP;
  RETURN span;
END $$;

-- Those of a map by replica that were heard of since.
CREATE FUNCTION limit_alive(by_replica jsonb, me text, since_ms numeric) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(coalesce(by_replica, '{}'))
  WHERE key = me OR EXISTS (SELECT 1 FROM limit_replicas WHERE id = key AND seen_at_ms >= since_ms)
$$;

-- Says 'admitted' with used, place and wait of each; 'refused' with which and why; 'seed' with those the ledger has to be read for;
-- or 'looked'. Counts nothing but where it admits.
CREATE FUNCTION limit_enter(me text, dead_ms numeric, lease_ms numeric, wall_ms numeric, rates_ms numeric, uses jsonb, looks boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  server_ms numeric := limit_now();
  rate_ms numeric := coalesce(rates_ms, server_ms);
  use jsonb; st jsonb; alive jsonb; kind text; id_ text;
  now_ms numeric; wanted numeric; max_ numeric; span numeric; used numeric; reserved numeric; wait numeric;
  states jsonb[] := '{}'; useds numeric[] := '{}'; missing int[] := '{}'; refusal jsonb; told jsonb := '[]';
  count_ int := jsonb_array_length(uses);
BEGIN
  INSERT INTO limit_replicas VALUES (me, server_ms) ON CONFLICT DO NOTHING;
  -- In one order for all, so that nobody waits for somebody who waits for them.
  INSERT INTO limit_accounts SELECT u->>'id', '{}', server_ms + (u->>'keepMs')::numeric FROM jsonb_array_elements(uses) u
    ORDER BY 1 ON CONFLICT DO NOTHING;
  PERFORM 1 FROM limit_accounts WHERE id IN (SELECT u->>'id' FROM jsonb_array_elements(uses) u) ORDER BY id FOR UPDATE;

  FOR i IN 0..count_ - 1 LOOP
    use := uses->i; kind := use->>'type'; max_ := (use->>'max')::numeric; wanted := (use->>'amount')::numeric;
    span := (use->>'spanMs')::numeric;
    SELECT a.state INTO st FROM limit_accounts a WHERE a.id = use->>'id';
    IF kind = 'sliding' THEN
      now_ms := CASE WHEN (use->>'money')::boolean THEN wall_ms ELSE rate_ms END;
      IF (use->>'money')::boolean AND st = '{}' THEN
        IF use->'seed' IS NULL THEN missing := missing || i;
        ELSE st := jsonb_build_object('a', use->'seed'); END IF;
      END IF;
      st := limit_slots(st, span, now_ms);
      used := limit_sum(st->'a');
      IF (use->>'money')::boolean THEN wanted := greatest(1, wanted); ELSE wanted := least(wanted, max_); END IF;
      wait := CASE WHEN wanted > 0 THEN limit_wait(st, span, now_ms, wanted, max_) ELSE 0 END;
      IF wait > 0 AND refusal IS NULL THEN
        refusal := jsonb_build_object('type', 'refused', 'index', i, 'used', used, 'wait', wait);
      END IF;
    ELSIF kind = 'concurrent' THEN
      st := jsonb_build_object('r', limit_alive(st->'r', me, server_ms - dead_ms));
      used := limit_sum(st->'r');
      IF used + wanted > max_ AND refusal IS NULL THEN refusal := jsonb_build_object('type', 'refused', 'index', i, 'used', used); END IF;
    ELSE
      alive := limit_alive(st->'r', me, server_ms - lease_ms);
      -- New; or a replica died long ago with money set aside, and the ledger knows by now what became of it.
      IF st = '{}' OR alive <> st->'r' THEN
        IF use->'seed' IS NULL THEN missing := missing || i;
        ELSIF st = '{}' OR (use->>'endMs')::numeric >= (st->>'e')::numeric THEN
          st := jsonb_build_object('e', greatest((use->>'endMs')::numeric, (st->>'e')::numeric), 'r', alive, 'spent',
            CASE WHEN st->>'e' = use->>'endMs' THEN greatest((st->>'spent')::numeric, (use->>'seed')::numeric)
              ELSE (use->>'seed')::numeric END);
        ELSE st := st || jsonb_build_object('r', alive); END IF;
      END IF;
      IF st <> '{}' AND (use->>'endMs')::numeric > (st->>'e')::numeric THEN
        st := jsonb_build_object('e', use->'endMs', 'spent', 0, 'r', '{}'::jsonb);
      END IF;
      reserved := limit_sum(coalesce(st->'r', '{}'));
      used := coalesce((st->>'spent')::numeric, 0) + reserved;
      IF used + greatest(1, wanted) > max_ AND refusal IS NULL THEN
        refusal := jsonb_build_object('type', 'refused', 'index', i, 'used', used, 'reserved', reserved) ||
          CASE WHEN (use->>'forever')::boolean THEN '{}'::jsonb
            ELSE jsonb_build_object('wait', greatest(1, (st->>'e')::numeric - wall_ms)) END;
      END IF;
    END IF;
    states := states || st; useds := useds || used;
  END LOOP;

  IF cardinality(missing) > 0 THEN RETURN jsonb_build_object('type', 'seed', 'indexes', to_jsonb(missing)); END IF;
  FOR i IN 0..count_ - 1 LOOP
    use := uses->i; kind := use->>'type'; st := states[i + 1]; wanted := (use->>'amount')::numeric;
    IF refusal IS NULL AND NOT looks THEN
      st := limit_put(st, CASE kind WHEN 'sliding' THEN 'a' ELSE 'r' END, CASE kind WHEN 'sliding' THEN st->>'n' ELSE me END, wanted);
    END IF;
    -- A refused call writes only what was read from the ledger or turned over.
    UPDATE limit_accounts a SET state = st, keep_until_ms = server_ms + (use->>'keepMs')::numeric
      WHERE a.id = use->>'id' AND a.state <> st;
    told := told || jsonb_build_object('used', useds[i + 1] + CASE WHEN looks THEN 0 ELSE wanted END,
      'place', CASE kind WHEN 'sliding' THEN st->>'n' WHEN 'window' THEN st->>'e' END,
      'wait', CASE kind WHEN 'sliding' THEN limit_wait(st, (use->>'spanMs')::numeric,
        CASE WHEN (use->>'money')::boolean THEN wall_ms ELSE rate_ms END, 1, (use->>'max')::numeric) END);
  END LOOP;
  IF looks THEN RETURN jsonb_build_object('type', 'looked', 'uses', told); END IF;
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  RETURN jsonb_build_object('type', 'admitted', 'uses', told);
END $$;

CREATE FUNCTION limit_leave(me text, wall_ms numeric, rates_ms numeric, uses jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  rate_ms numeric := coalesce(rates_ms, limit_now());
  use jsonb; st jsonb; kind text; more numeric;
BEGIN
  PERFORM 1 FROM limit_accounts WHERE id IN (SELECT u->>'id' FROM jsonb_array_elements(uses) u) ORDER BY id FOR UPDATE;
  FOR use IN SELECT * FROM jsonb_array_elements(uses) LOOP
    SELECT a.state INTO st FROM limit_accounts a WHERE a.id = use->>'id';
    CONTINUE WHEN st IS NULL OR st = '{}';
    kind := use->>'type'; more := (use->>'amount')::numeric - (use->>'asked')::numeric;
    IF kind = 'sliding' THEN
      st := limit_slots(st, (use->>'spanMs')::numeric, CASE WHEN (use->>'money')::boolean THEN wall_ms ELSE rate_ms END);
      -- What was not used leaves the slot it is in; what was used beyond is used now.
      IF more > 0 THEN st := limit_put(st, 'a', st->>'n', more);
      ELSIF more < 0 AND st->'a' ? (use->>'place') THEN st := limit_put(st, 'a', use->>'place', more); END IF;
    ELSIF kind = 'concurrent' OR st->>'e' = use->>'place' THEN
      -- A replica that was taken for dead has nothing there any more.
      IF st->'r' ? me THEN st := limit_put(st, 'r', me, -(use->>'asked')::numeric); END IF;
      IF (st->'r'->>me)::numeric = 0 THEN st := st #- ARRAY['r', me]; END IF;
      IF kind = 'window' THEN st := st || jsonb_build_object('spent', (st->>'spent')::numeric + (use->>'amount')::numeric); END IF;
    END IF;
    UPDATE limit_accounts a SET state = st WHERE a.id = use->>'id' AND a.state <> st;
  END LOOP;
END $$;
`;
