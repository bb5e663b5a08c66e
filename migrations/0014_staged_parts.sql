-- What staging has to know so that all parts of a report may be staged at once, and so that a part which is visible already need
-- not be written again.

ALTER TABLE staging.loads ADD COLUMN header jsonb, ADD COLUMN headerless integer[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN staging.loads.header IS
  'The header that the first part with one told, for parts that come without. NULL until then.';
COMMENT ON COLUMN staging.loads.headerless IS 'Numbers of the parts that came without a header. When that is all of them, the report cannot be read.';

ALTER TABLE staging.parts ADD COLUMN same_as bigint;
COMMENT ON COLUMN staging.parts.same_as IS
  'Set when the part is what this load of the unit made visible before: then no row of it was staged. NULL otherwise.';
