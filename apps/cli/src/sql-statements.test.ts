import { expect, test } from 'vitest';
import { splitStatements } from './sql-statements.ts';

test.each([
  ['SELECT 1; SELECT 2', ['SELECT 1'], 'SELECT 2'],
  ["SELECT 'a;''b;' ; ", ["SELECT 'a;''b;'"], ''],
  ['SELECT ";" FROM t;', ['SELECT ";" FROM t'], ''],
  ['SELECT $x$ ; $x$;SELECT 3;', ['SELECT $x$ ; $x$', 'SELECT 3'], ''],
  ['SELECT 1 -- no; end\n+ 1;', ['SELECT 1 -- no; end\n+ 1'], ''],
  ['SELECT /* ; */ 1;;', ['SELECT /* ; */ 1'], ''],
  ["SELECT 'open;", [], "SELECT 'open;"],
])('%j', (text, statements, rest) => {
  expect(splitStatements(text)).toEqual({ statements, rest });
});
