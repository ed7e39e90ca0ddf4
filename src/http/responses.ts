/** Plain HTTP answers, and the one place where the domain's errors become HTTP statuses. */
import { errorBody } from "../domain/ErrorBody.ts";
import type { DeweyError } from "../domain/Errors.ts";

const statuses = {
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  CONFIRMATION_REQUIRED: 409,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
} satisfies Record<DeweyError["code"], number>;

const headersOf = (error: DeweyError): Record<string, string> => {
  if (error.code === "UNAUTHENTICATED") return { "WWW-Authenticate": "Bearer" };
  const wait = error.details?.retry_after_ms;
  return wait === undefined ? {} : { "Retry-After": String(Math.ceil(wait / 1000)) };
};

/** An error as an HTTP answer; the status is the code's own unless the transport has a better one. */
export const errorResponse = (error: DeweyError, status: number = statuses[error.code]): Response =>
  Response.json(errorBody(error), { status, headers: headersOf(error) });
