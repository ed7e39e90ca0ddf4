/** An entry of the shared context: a text under a key, with a version and a history. */
import { Schema } from "effect";
import { Bounds } from "./Bounds.ts";
import { Timestamp } from "./Text.ts";

export const ContextKey = Schema.String.check(
  Schema.isPattern(new RegExp(`^[A-Za-z0-9_.-]{1,${Bounds.contextKeyLength}}$`), {
    expected: `1 to ${Bounds.contextKeyLength} characters of A-Z a-z 0-9 _ . -`,
  }),
);

export const Version = Schema.Int.check(
  Schema.isBetween(
    { minimum: 1, maximum: Bounds.version },
    { expected: `a whole number from 1 to ${Bounds.version}` },
  ),
);

/** The version that a conditional write expects; 0 means that the key must not exist. */
export const ExpectedVersion = Schema.Int.check(
  Schema.isBetween(
    { minimum: 0, maximum: Bounds.version },
    { expected: `a whole number from 0 to ${Bounds.version}` },
  ),
);

export const ContextEntry = Schema.Struct({
  key: Schema.String,
  content: Schema.String,
  version: Schema.Int,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type ContextEntry = typeof ContextEntry.Type;

export const ListedContextEntry = Schema.Struct({
  key: Schema.String,
  size_bytes: Schema.Int,
  version: Schema.Int,
  updated_at: Timestamp,
});
export type ListedContextEntry = typeof ListedContextEntry.Type;

export const ContextWritten = Schema.Struct({
  key: Schema.String,
  version: Schema.Int,
  action: Schema.Literals(["create", "update"]),
  updated_at: Timestamp,
});
export type ContextWritten = typeof ContextWritten.Type;

/** One change of a key; a delete keeps no content. */
export const ContextChange = Schema.Struct({
  version: Schema.Int,
  action: Schema.Literals(["create", "update", "delete"]),
  content: Schema.NullOr(Schema.String),
  changed_at: Timestamp,
  changed_by: Schema.String,
});
export type ContextChange = typeof ContextChange.Type;
