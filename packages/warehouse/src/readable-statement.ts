import { ConfigError } from '@edgeledger/core';

/** What may precede the first word: white space, comments, parentheses. */
const LEADING = /^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)+/;
const READS = /^(?:select|with|table|values|explain|show)\b/i;
/** Functions that change the role or run a text as SQL, of Postgres and its extensions, and the spelling that can hide their names. */
const ESCAPES =
  /set_config|query_to_xml|cursor_to_xml|ts_stat|ts_rewrite|dblink|crosstab|connectby|xpath_table|u&"/i;

/**
 * A read-only transaction still lets COPY … TO PROGRAM, DO and SET ROLE through, and whoever connects may always go back to
 * being itself: a superuser, on the embedded server. So only statements that read are passed on.
 *
 * @throws ConfigError `config.invalid-query`
 */
export function assertReads(text: string): void {
  const statement = text.replace(LEADING, '');
  if (!READS.test(statement)) {
    throw new ConfigError(
      'config.invalid-query',
      'Only statements that read are answered here: SELECT, WITH, TABLE, VALUES, EXPLAIN and SHOW. For anything else, connect with psql.',
    );
  }
  const found = ESCAPES.exec(text)?.[0];
  if (found !== undefined) {
    throw new ConfigError(
      'config.invalid-query',
      `The statement has ${found} in it, with which it could leave the role of a reader. Connect with psql for that.`,
    );
  }
}
