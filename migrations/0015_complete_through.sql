-- What an analyst puts into a WHERE clause, so that figures are only of whole days.

CREATE FUNCTION ledger.complete_through(dataset text, account text DEFAULT 'default') RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT freshness.complete_through FROM ledger.freshness
  WHERE freshness.dataset = complete_through.dataset AND freshness.account = complete_through.account
);

COMMENT ON FUNCTION ledger.complete_through(text, text) IS
  'Exclusive end of what is loaded of a dataset without a gap, from ledger.freshness: WHERE period_start < ledger.complete_through(''imgix.cdn_logs''). NULL, and so no rows, while the first report is missing or the dataset is not known.';

-- everybody may call it by default, but a hardened database takes that right from PUBLIC
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'edgeledger_reader') THEN
    GRANT EXECUTE ON FUNCTION ledger.complete_through(text, text) TO edgeledger_reader;
  END IF;
END
$$;
