/** Everything that a tool can answer instead of a result. No error knows a transport, a table or a driver. */
import { Schema } from "effect";

/** What helps a caller to act: the property at fault, the bound that was passed, how long to wait. */
const ErrorDetails = Schema.Struct({
  path: Schema.optionalKey(Schema.String),
  limit: Schema.optionalKey(Schema.Int),
  retry_after_ms: Schema.optionalKey(Schema.Int),
  current_version: Schema.optionalKey(Schema.Int),
  error_id: Schema.optionalKey(Schema.String),
});

const fields = <Code extends string, Retryable extends boolean>(
  code: Code,
  retryable: Retryable,
) => ({
  code: Schema.tag(code),
  retryable: Schema.tag(retryable),
  message: Schema.String,
  details: Schema.optionalKey(ErrorDetails),
});

/** A wrong type, an unknown property or a value out of bounds. */
export class InvalidInput extends Schema.TaggedError<InvalidInput>()(
  "InvalidInput",
  fields("INVALID_INPUT", false),
) {}

/** Nothing of that id, name or key in the caller's space. */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  fields("NOT_FOUND", false),
) {}

/** What is stored already says otherwise: a taken turn, another version, another message under the id. */
export class Conflict extends Schema.TaggedError<Conflict>()(
  "Conflict",
  fields("CONFLICT", false),
) {}

/** A text or an object of more bytes than its bound. */
export class TooLarge extends Schema.TaggedError<TooLarge>()(
  "TooLarge",
  fields("TOO_LARGE", false),
) {}

/** A step that cannot be undone, asked for without `force`. */
export class ConfirmationRequired extends Schema.TaggedError<ConfirmationRequired>()(
  "ConfirmationRequired",
  fields("CONFIRMATION_REQUIRED", false),
) {}

/** More than the caller may ask for at once or in a minute. */
export class RateLimited extends Schema.TaggedError<RateLimited>()(
  "RateLimited",
  fields("RATE_LIMITED", true),
) {}

/** No token, or one that is not known. */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()(
  "Unauthenticated",
  fields("UNAUTHENTICATED", false),
) {}

/** A token without the scope that the tool needs. */
export class Forbidden extends Schema.TaggedError<Forbidden>()(
  "Forbidden",
  fields("FORBIDDEN", false),
) {}

/** The database cannot be reached, or Dewey is shutting down. */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  fields("UNAVAILABLE", true),
) {}

/** The database did not answer in time; whether a write took place is unknown. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", fields("TIMEOUT", true)) {}

/** A fault of Dewey's own; the log has the details under `details.error_id`. */
export class Internal extends Schema.TaggedError<Internal>()(
  "Internal",
  fields("INTERNAL", false),
) {}

/** Every error of every tool. */
export const DeweyError = Schema.Union([
  InvalidInput,
  NotFound,
  Conflict,
  TooLarge,
  ConfirmationRequired,
  RateLimited,
  Unauthenticated,
  Forbidden,
  Unavailable,
  TimedOut,
  Internal,
]);
export type DeweyError = typeof DeweyError.Type;
