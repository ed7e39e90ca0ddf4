import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { makeHealthDoor } from "../../src/http/healthDoor.ts";
import { Health, type HealthReport } from "../../src/services/Health.ts";
import { it } from "../support/it.ts";
import { listening } from "./listening.ts";

/** A listener whose health is what the test says. */
const serve = Effect.fnUntraced(function* (report: Effect.Effect<HealthReport>) {
  const door = yield* makeHealthDoor().pipe(
    Effect.provide(Layer.succeed(Health, Health.of({ report }))),
  );
  return yield* listening([door]);
});

const get = (url: string, method = "GET") => Effect.promise(() => fetch(url, { method }));

describe("/health", () => {
  for (const [status, code] of [
    ["ok", 200],
    ["unavailable", 503],
  ] as const) {
    it.effect(`answers ${code} with the checks when they say ${status}`, () =>
      Effect.gen(function* () {
        const report = { status, checks: { database: status === "ok" } };
        const { http } = yield* serve(Effect.succeed(report));
        const response = yield* get(`${http}/health`);
        expect(response.status).toBe(code);
        expect(response.headers.get("cache-control")).toBe("no-store");
        const body: unknown = yield* Effect.promise(() => response.json());
        expect(body).toEqual(report);
      }),
    );
  }
});

describe("/health/live", () => {
  it.effect("answers while the process runs, whatever the checks would say", () =>
    Effect.gen(function* () {
      const { http } = yield* serve(Effect.never);
      const response = yield* get(`${http}/health/live`);
      expect(response.status).toBe(200);
      const body: unknown = yield* Effect.promise(() => response.json());
      expect(body).toEqual({ status: "ok" });
      expect((yield* get(`${http}/health/live`, "HEAD")).status).toBe(200);
      expect((yield* get(`${http}/health/live`, "POST")).status).toBe(405);
    }),
  );
});
