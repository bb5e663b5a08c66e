-- `edgeledger prune` drops old partitions. Their units stay in the ledger, with the time of it.

ALTER TABLE ledger.units ADD COLUMN pruned_at timestamptz;
COMMENT ON COLUMN ledger.units.pruned_at IS
  'When its rows were dropped because they were older than the dataset keeps them; NULL while they are there. Counts are of what was there.';
