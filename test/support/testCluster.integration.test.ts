import { expect, test } from "bun:test";
import { PgConnection } from "@effect/sql-pg";
import { Effect, Redacted } from "effect";
import { testCluster } from "./testCluster.ts";

test("every caller gets the same server, and databases that are copies of a template", async () => {
  const cluster = await testCluster();
  expect(await testCluster()).toBe(cluster);
  const template = await cluster.createDatabase();
  const query = (database: string, statement: string) =>
    PgConnection.make({
      host: cluster.host,
      port: cluster.port,
      username: cluster.user,
      password: cluster.password === undefined ? undefined : Redacted.make(cluster.password),
      database,
    }).pipe(
      Effect.flatMap((connection) => connection.queryValues(statement)),
      Effect.scoped,
      Effect.runPromise,
    );
  await query(template, "CREATE TABLE seed (n int)");
  await query(template, "INSERT INTO seed VALUES (7)");
  const copies = [await cluster.createDatabase(template), await cluster.createDatabase(template)];
  for (const copy of copies) expect(await query(copy, "SELECT n FROM seed")).toEqual([[7]]);
  await Promise.all([template, ...copies].map(cluster.dropDatabase));
  expect(query(template, "SELECT 1")).rejects.toThrow();
});
