/** Answers that the proxy gives itself. */
import { Unavailable } from "../../../domain/Errors.ts";
import { errorResponse } from "../../../http/responses.ts";
import type { NoPlace } from "./KeptPlaces.ts";

/** An error that belongs to no request, or to one that the proxy refuses. */
export const jsonRpcError = (
  status: number,
  code: number,
  message: string,
  id: string = "null",
  data?: unknown,
): Response =>
  jsonText(
    `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({
      code,
      message,
      ...(data === undefined ? {} : { data }),
    })}}`,
    status,
  );

/** JSON that is text already; headers that are set later would cost more than the rest of it. */
export const jsonText = (
  text: string,
  status: number = 200,
  headers?: Readonly<Record<string, string>>,
): Response =>
  new Response(text, { status, headers: { "content-type": "application/json", ...headers } });

/** The head of every event stream. */
export const eventStreamHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

/** The session ended, or is another caller's; a client of the older versions begins anew when it reads this. */
export const sessionUnknown = (): Response =>
  jsonRpcError(
    404,
    -32_001,
    "Session not found: it ended or was idle for too long. Initialize anew.",
  );

/** What was asked for would have to be kept, and there is no place for it. */
export const noPlace = ({ message, status }: NoPlace, id: string | undefined): Response => {
  const response = jsonRpcError(status, -32_000, message, id, { retryable: true });
  response.headers.set("retry-after", "1");
  return response;
};

/** The upstream is away, and nobody asked for anything that could be answered. */
export const upstreamAway = (message: string): Response =>
  errorResponse(new Unavailable({ message }), 502);
