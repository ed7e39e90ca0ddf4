// The tables as docs/scaling.md partitions them: what the page tells people to run is what the tests run on.
import type { PgConnection } from "@effect/sql-pg";
import { Effect } from "effect";
import { blocks } from "../docs/pages.ts";

/** Cuts a text into its statements: what stands between dollar signs is one with what is around it. */
const statementsOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/\s*((?:\$\$.*?\$\$|[^;])+);/gs), ([, statement = ""]) => statement);

const ownParts = `
  SELECT parent.relname AS name, count(part.relid)::int AS parts
  FROM pg_class parent, pg_partition_tree(parent.oid) part
  WHERE parent.relname IN ('messages', 'frames') AND parent.relkind = 'p' AND part.isleaf
  GROUP BY parent.relname ORDER BY parent.relname`;

/** Partitions a migrated database, and makes sure that it is. */
export const partition = Effect.fnUntraced(function* (connection: PgConnection.PgConnection) {
  const [block, ...others] = (yield* Effect.promise(blocks)).filter(
    ({ page, language }) => page === "docs/scaling.md" && language === "sql",
  );
  if (block === undefined || others.length > 0) {
    return yield* Effect.die("docs/scaling.md has not one block of SQL");
  }
  for (const statement of statementsOf(block.text)) yield* connection.query(statement);
  const { rows } = yield* connection.query(ownParts);
  if (JSON.stringify(rows) !== '[{"name":"frames","parts":8},{"name":"messages","parts":8}]') {
    return yield* Effect.die(`the tables are not partitioned: ${JSON.stringify(rows)}`);
  }
});
