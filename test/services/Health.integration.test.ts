import { expect, test } from "bun:test";
import { Effect, Layer, Logger } from "effect";
import type { Upstream } from "../../src/domain/Upstream.ts";
import { Drain } from "../../src/services/Drain.ts";
import { Health } from "../../src/services/Health.ts";
import { Upstreams } from "../../src/services/Upstreams.ts";
import { Database } from "../../src/sql/Database.ts";
import { openDatabase } from "../support/tools.ts";

const upstream: Upstream = {
  _tag: "Stdio",
  name: "broken",
  onRestart: "resume",
  command: "x",
  args: [],
  env: {},
  cwd: null,
};

test("upstreams are in the report, and none of them makes Dewey unready", async () => {
  const db = await openDatabase();
  const limits = {
    minConnections: 0,
    maxConnections: 1,
    acquireTimeoutMs: 1000,
    queryTimeoutMs: 1000,
  };
  const layer = Health.layer.pipe(
    Layer.provideMerge(Upstreams.layerOf([upstream])),
    Layer.provide(Drain.layer),
    Layer.provide(Database.layer(db.address, limits)),
    Layer.provide(Logger.layer([])),
  );
  const report = await Effect.gen(function* () {
    const { states } = yield* Upstreams;
    states.gaveUp("broken", "It ended with code 1 again and again.");
    return yield* (yield* Health).report;
  }).pipe(Effect.provide(layer), Effect.runPromise);
  await db.drop();
  expect(report).toMatchObject({
    status: "ok",
    checks: { database: true, accepting: true },
    upstreams: {
      dewey: { state: "idle", connections: 0 },
      broken: {
        state: "given up",
        last_failure: { message: "It ended with code 1 again and again." },
      },
    },
  });
});
