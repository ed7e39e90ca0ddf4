/** What the driver's errors mean: for callers as errors of the tools, for whoever runs Dewey as sentences. */
import { Cause, Predicate, Schema } from "effect";
import type { SqlError } from "effect/unstable/sql";
import { TimedOut, Unavailable } from "../domain/Errors.ts";

const soon = { retry_after_ms: 1000 };

/** No connection could be made. */
export const away = new Unavailable({
  message: "The database cannot be reached right now. Nothing was changed; try again in a moment.",
  details: soon,
});

/** The connection was lost while the call used it. */
export const interrupted = new Unavailable({
  message:
    "The connection to the database broke during the call. Repeat the call; a write with its own message_id or conversation_id is stored once however often it is repeated.",
  details: soon,
});

/** No connection became free in time. */
export const exhausted = new Unavailable({
  message: "All database connections are busy. Nothing was changed; try again in a moment.",
  details: soon,
});

/** A statement took too long, or lost against another one. */
export const late = new TimedOut({
  message:
    "The database did not answer in time, perhaps because something else holds what the call needs. Repeat the call; a write with its own message_id or conversation_id is stored once however often it is repeated.",
  details: soon,
});

/** Whether a write that ended so may have been committed all the same. */
export const mayBeCommitted = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some(
    (reason) =>
      Cause.isInterruptReason(reason) ||
      (Cause.isFailReason(reason) && (reason.error === interrupted || reason.error === late)),
  );

/** The server answers, but cannot be used: waiting does not help. */
export class DatabaseUnusable extends Schema.TaggedError<DatabaseUnusable>()("DatabaseUnusable", {
  message: Schema.String,
}) {}

/** A statement that the server refused although it should not: a fault of the program, without the data in it. */
export class StatementFailed extends Schema.TaggedError<StatementFailed>()("StatementFailed", {
  message: Schema.String,
}) {}

const textOf = (error: SqlError.SqlError, name: string): string | undefined => {
  const { cause } = error.reason;
  if (!Predicate.hasProperty(cause, name)) return undefined;
  const value = cause[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The SQLSTATE of an error that the server reported; system calls have codes of another form. */
const stateOf = (error: SqlError.SqlError): string | undefined => {
  const code = textOf(error, "code");
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && code !== "EPIPE" ? code : undefined;
};

/** What a person needs to know of a driver's error; for the log alone, never for a caller. */
export const describe = (error: SqlError.SqlError): string =>
  textOf(error, "message") ?? error.message;

/** Shutting down, starting up, read-only after a failover, out of memory or disk: not the statement's trouble. */
const isServerTrouble = (state: string | undefined): boolean =>
  state !== undefined && /^(57P0[1-5]|25006|53|58|08|XX)/.test(state);

/** What became of a statement. */
export type Outcome = "away" | "crowded" | "broken" | "late" | "defect";

const tooManyConnections = "53300";

/** Whether a server could not be reached (or had no room), went away, was late, or refused the statement itself. */
export const outcomeOf = (error: SqlError.SqlError): Outcome => {
  const { reason } = error;
  if (reason.operation === "connect") {
    return stateOf(error) === tooManyConnections ? "crowded" : "away";
  }
  switch (reason._tag) {
    case "ConnectionError":
      return "broken";
    case "LockTimeoutError":
    case "StatementTimeoutError":
    case "DeadlockError":
    case "SerializationError":
      return "late";
    default:
      return isServerTrouble(stateOf(error)) ? "broken" : "defect";
  }
};

/** The fault as the log may have it: data exceptions quote the value at fault, and details quote rows. */
export const defectOf = (error: SqlError.SqlError): StatementFailed => {
  const state = stateOf(error);
  const said = state?.startsWith("22") ? "a value that its type does not allow" : describe(error);
  const where = ["constraint", "table", "column", "routine"].flatMap((name) => {
    const value = textOf(error, name);
    return value === undefined ? [] : [`${name} ${value}`];
  });
  const place = where.length === 0 ? "" : ` (${where.join(", ")})`;
  return new StatementFailed({ message: `The database answered ${state ?? "?"}: ${said}${place}` });
};

const caHint =
  "Set DEWEY_DB_CA to the authority that signed it, DEWEY_DB_HOST to the name in it, or DEWEY_DB_SSL=disable where the network is trusted.";

const isCertificateTrouble = (code: string): boolean =>
  /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_|^ERR_(SSL|TLS)/.test(code);

/** Why a connection will never be made with these settings, as a sentence; undefined where waiting may help. */
export const refusalOf = (error: SqlError.SqlError): string | undefined => {
  const said = describe(error);
  const state = stateOf(error);
  if (said === "The server does not support TLS") {
    return "The database server does not offer TLS. Turn it on there, or set DEWEY_DB_SSL=disable where the network is trusted.";
  }
  if (isCertificateTrouble(textOf(error, "code") ?? "")) {
    return `The database server's certificate is not to be trusted: ${said.replace(/[.:\s]+$/, "")}. ${caHint}`;
  }
  if (state === "3D000") {
    return `The database server says: ${said}. Create it with: CREATE DATABASE … OWNER … ENCODING 'UTF8' TEMPLATE template0; or name another one in DEWEY_DB_NAME or DEWEY_DATABASE_URL.`;
  }
  if (error.reason._tag === "AuthenticationError") {
    return `The database server refuses Dewey: ${said}. Check DEWEY_DB_USER and DEWEY_DB_PASSWORD, or DEWEY_DATABASE_URL.`;
  }
  return state !== undefined && /^(42|22|0A|08P01)/.test(state)
    ? `The database server refuses Dewey: ${said}. Check DEWEY_DATABASE_URL or the DEWEY_DB_* variables.`
    : undefined;
};
