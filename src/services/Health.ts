/** Whether Dewey can do its work: each part that others depend on says so here. */
import { Context, Effect, Layer, Option } from "effect";
import { Database } from "../sql/Database.ts";
import { Drain } from "./Drain.ts";
import { Journal } from "./Journal.ts";
import { Upstreams } from "./Upstreams.ts";
import type { UpstreamState } from "./upstreams/UpstreamStates.ts";

/** A part that can be well or not. */
export interface HealthCheck {
  readonly name: string;
  readonly healthy: Effect.Effect<boolean>;
}

/** What the checks found. */
export interface HealthReport {
  readonly status: "ok" | "unavailable";
  readonly checks: Readonly<Record<string, boolean>>;
  /** How the servers behind the proxy are, where there is a proxy; none of them makes Dewey unready. */
  readonly upstreams?: Readonly<Record<string, UpstreamState>>;
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
      const journal = yield* Effect.serviceOption(Journal);
      const upstreams = yield* Effect.serviceOption(Upstreams);
      const checks: ReadonlyArray<HealthCheck> = [
        { name: "database", healthy: database.reachable },
        { name: "accepting", healthy: Effect.sync(() => !drain.isDraining()) },
        ...(Option.isNone(journal)
          ? []
          : [{ name: "journal", healthy: Effect.sync(journal.value.isTaking) }]),
      ];
      const report = Effect.gen(function* () {
        const results = yield* Effect.forEach(checks, ({ name, healthy }) =>
          Effect.map(healthy, (state) => [name, state] as const),
        );
        const well = results.every(([, state]) => state);
        return {
          status: well ? ("ok" as const) : ("unavailable" as const),
          checks: Object.fromEntries(results),
          ...(Option.isNone(upstreams) ? {} : { upstreams: yield* upstreams.value.report }),
        };
      });
      return Health.of({ report });
    }),
  );
}
