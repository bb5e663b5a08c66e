/** The role that processes which load work as; `assign-roles.ts` says what it may. */
export const LOADER_ROLE = 'edgeledger_loader';

/**
 * True for a member of edgeledger_loader that is not also the owner: then it works as that role, so that what one login makes,
 * every other one may change and clear away.
 */
export const IS_LOADER_SQL = `
SELECT EXISTS (
  SELECT FROM pg_roles AS me JOIN pg_roles AS loader ON loader.rolname = '${LOADER_ROLE}'
  WHERE me.rolname = session_user AND NOT me.rolsuper AND pg_has_role(me.oid, loader.oid, 'MEMBER')
) AND EXISTS (
  SELECT FROM pg_namespace WHERE nspname = 'ledger' AND NOT pg_has_role(session_user, nspowner, 'MEMBER')
) AS is_loader`;
