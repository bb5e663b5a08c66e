-- The kinds of findings grew with the checks; the comment names them all.
COMMENT ON COLUMN ledger.findings.kind IS
  'sum-mismatch, count-mismatch, duplicate, truncated, shrunk, late, lost, deprecated, unavailable, report-changed, objects-dropped or clock-skew.';
