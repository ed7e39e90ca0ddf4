/** Whether Dewey can do its work: each part that others depend on says so here. */
import { Context, Effect, Layer } from "effect";
import { Database } from "../sql/Database.ts";
import { Drain } from "./Drain.ts";

/** A part that can be well or not. */
export interface HealthCheck {
  readonly name: string;
  readonly healthy: Effect.Effect<boolean>;
}

/** What the checks found. */
export interface HealthReport {
  readonly status: "ok" | "unavailable";
  readonly checks: Readonly<Record<string, boolean>>;
}

/** The state of the process and of what it needs. */
export class Health extends Context.Service<
  Health,
  { readonly report: Effect.Effect<HealthReport> }
>()("dewey/services/Health") {
  static readonly layer = Layer.effect(
    Health,
    Effect.gen(function* () {
      const database = yield* Database;
      const drain = yield* Drain;
      const checks: ReadonlyArray<HealthCheck> = [
        { name: "database", healthy: database.reachable },
        { name: "accepting", healthy: Effect.sync(() => !drain.isDraining()) },
      ];
      const report = Effect.gen(function* () {
        const results = yield* Effect.forEach(checks, ({ name, healthy }) =>
          Effect.map(healthy, (state) => [name, state] as const),
        );
        const well = results.every(([, state]) => state);
        return {
          status: well ? ("ok" as const) : ("unavailable" as const),
          checks: Object.fromEntries(results),
        };
      });
      return Health.of({ report });
    }),
  );
}
