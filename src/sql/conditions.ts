/** Conditions as the planner is to see them. */
import type { SqlClient, Statement } from "effect/unstable/sql";

/**
 * What rows are held against once they are found, and no index is to find them by. Beside a key, an index that begins
 * with another column looks as cheap while the table is small, and the plan is kept when it has grown.
 */
export const checked = (
  sql: SqlClient.SqlClient,
  condition: Statement.Fragment,
): Statement.Fragment => sql`(${condition}) IS TRUE`;

/** Which conversation has the id, if it is in the space and not in the trash. */
export const standing = (sql: SqlClient.SqlClient, space: string, id: string): Statement.Fragment =>
  sql`id = ${id}::uuid AND ${checked(sql, sql`space = ${space} AND deleted_at IS NULL`)}`;
