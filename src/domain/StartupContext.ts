/** A startup context: a named text that an agent reads first. At most one of a space is active. */
import { Schema } from "effect";
import { Bounds } from "./Bounds.ts";
import { shortText, Timestamp } from "./Text.ts";

export const StartupContextName = shortText(1, Bounds.startupContextNameLength);

/** A startup context without its text. */
export const StartupContextSummary = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  is_active: Schema.Boolean,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type StartupContextSummary = typeof StartupContextSummary.Type;

export const StartupContext = Schema.Struct({
  ...StartupContextSummary.fields,
  content: Schema.String,
});
export type StartupContext = typeof StartupContext.Type;

/** A startup context in a list, with its text where it was asked for. */
export const ListedStartupContext = Schema.Struct({
  ...StartupContextSummary.fields,
  content: Schema.optionalKey(Schema.String),
});
