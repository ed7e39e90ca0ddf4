/**
 * Health over HTTP: `/health/live` while the process runs, `/health` with what it found of the parts it needs, which it
 * shows to callers with a token alone.
 */
import { Effect } from "effect";
import { stranger } from "../domain/Principal.ts";
import { Health } from "../services/Health.ts";
import type { Arrival, Door } from "./Door.ts";

const methodNotAllowed = () => new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });

const headers = { "Cache-Control": "no-store" };

/** Makes the door of `/health` and `/health/live`. */
export const makeHealthDoor = Effect.fn("healthDoor.make")(function* () {
  const health = yield* Health;

  const onRequest = Effect.fnUntraced(function* ({ principal, request, url }: Arrival) {
    if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed();
    if (url.pathname === "/health/live") return Response.json({ status: "ok" }, { headers });
    const report = yield* health.report;
    const shown = principal === stranger ? { status: report.status } : report;
    return Response.json(shown, { status: report.status === "ok" ? 200 : 503, headers });
  });

  return {
    name: "health",
    paths: ["/health", "/health/live"],
    alwaysOpen: true,
    admitsStrangers: true,
    onRequest,
  } satisfies Door;
});
