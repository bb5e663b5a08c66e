import { describe, expect, it } from 'vitest';
import { assertReads } from './readable-statement.ts';

describe('a statement that a person wrote', () => {
  it.each([
    'SELECT 1',
    ' (select 1) union (select 2)',
    '-- how many\n/* all */ WITH one AS (SELECT 1) TABLE one',
    'VALUES (1)',
    'explain analyze select 1',
    'SHOW timezone',
  ])('is answered when it reads: %s', (text) => {
    expect(() => assertReads(text)).not.toThrow();
  });

  it.each([
    '',
    "COPY (SELECT 1) TO PROGRAM 'true'",
    'DO $$ BEGIN RESET ROLE; END $$',
    'RESET ROLE',
    'set role postgres',
    'COMMIT',
    'PREPARE one AS SELECT 1',
    'CALL one()',
    '/* SELECT */ DELETE FROM imgix.cdn_logs',
    '-- SELECT',
    'selection',
    "SELECT set_config('role', 'none', true)",
    "SELECT U&\"s\\0065t_config\"('role', 'none', true)",
    "SELECT * FROM crosstab('SELECT ' || 1)",
    "SELECT dblink('dbname=x', 'DROP TABLE y')",
    "SELECT query_to_xml('SELECT ' || 1, true, true, '')",
  ])('is refused when it does not: %s', (text) => {
    expect(() => assertReads(text)).toThrow(expect.objectContaining({ code: 'config.invalid-query' }));
  });
});
