-- One rate budget per vendor account and endpoint, shared by all workers of the warehouse.

CREATE TABLE staging.rate_budgets (
  budget_key text NOT NULL,
  paused_until timestamptz,
  CONSTRAINT rate_budgets_budget_key_pkey PRIMARY KEY (budget_key)
);

COMMENT ON TABLE staging.rate_budgets IS 'Limits of vendors that all workers share; whoever takes a place locks its row for a moment.';
COMMENT ON COLUMN staging.rate_budgets.budget_key IS 'Vendor, account and endpoint, for example akamai/default/endpoint-usage-by-time.';
COMMENT ON COLUMN staging.rate_budgets.paused_until IS 'No request starts before, because the vendor said so to one of us.';

CREATE TABLE staging.rate_places (
  place_id bigint GENERATED ALWAYS AS IDENTITY,
  budget_key text NOT NULL,
  free_at timestamptz NOT NULL,
  released boolean NOT NULL DEFAULT false,
  CONSTRAINT rate_places_place_id_pkey PRIMARY KEY (place_id),
  CONSTRAINT rate_places_budget_key_fkey FOREIGN KEY (budget_key) REFERENCES staging.rate_budgets (budget_key) ON DELETE CASCADE
);

CREATE INDEX rate_places_budget_key_free_at_idx ON staging.rate_places (budget_key, free_at);

COMMENT ON TABLE staging.rate_places IS 'Requests that the vendor may count in its current window.';
COMMENT ON COLUMN staging.rate_places.place_id IS 'Number of the place.';
COMMENT ON COLUMN staging.rate_places.budget_key IS 'The budget it is of.';
COMMENT ON COLUMN staging.rate_places.free_at IS
  'When the vendor has surely forgotten the request: one window after its answer, or after the longest time an answer may take.';
COMMENT ON COLUMN staging.rate_places.released IS 'Its answer is here.';

-- Takes a place, or says how long to wait for one. The lock on the budget's row makes counting and taking one step.
CREATE FUNCTION staging.take_rate_place(
  wanted_key text, allowed integer, hold_ms double precision,
  OUT place_id bigint, OUT wait_ms double precision, OUT paused_ms double precision
)
LANGUAGE plpgsql
AS $$
DECLARE
  pause timestamptz;
  taken integer;
  blocker record;
BEGIN
  SELECT paused_until INTO pause FROM staging.rate_budgets WHERE budget_key = wanted_key FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO staging.rate_budgets (budget_key) VALUES (wanted_key) ON CONFLICT DO NOTHING;
    SELECT paused_until INTO pause FROM staging.rate_budgets WHERE budget_key = wanted_key FOR UPDATE;
  END IF;
  paused_ms := greatest(0, extract(epoch FROM pause - clock_timestamp()) * 1000);
  IF paused_ms > 0 THEN
    wait_ms := paused_ms;
    RETURN;
  END IF;
  DELETE FROM staging.rate_places WHERE budget_key = wanted_key AND free_at <= clock_timestamp();
  SELECT count(*) INTO taken FROM staging.rate_places WHERE budget_key = wanted_key;
  IF taken < allowed THEN
    INSERT INTO staging.rate_places (budget_key, free_at)
    VALUES (wanted_key, clock_timestamp() + hold_ms * interval '1 millisecond')
    RETURNING rate_places.place_id INTO place_id;
    wait_ms := 0;
    RETURN;
  END IF;
  SELECT free_at, released INTO blocker FROM staging.rate_places
  WHERE budget_key = wanted_key ORDER BY free_at OFFSET taken - allowed LIMIT 1;
  -- when a place that is still in use will be free is not known
  wait_ms := CASE WHEN blocker.released THEN extract(epoch FROM blocker.free_at - clock_timestamp()) * 1000 END;
END
$$;

COMMENT ON FUNCTION staging.take_rate_place IS
  'Takes one of the allowed places of a rate budget (place_id), or tells the wait in ms (NULL: not known) and what is left of a pause.';
