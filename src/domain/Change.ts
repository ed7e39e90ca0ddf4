/** That something changed: what it was and in which space, not what it is now. Whoever wants to know reads it. */
import { Schema } from "effect";

/** One change; `name` is the id of a conversation, the name of a startup context or the key of shared context. */
export const Change = Schema.Struct({
  space: Schema.String,
  kind: Schema.Literals(["conversation", "startup_context", "shared_context"]),
  name: Schema.String,
  what: Schema.Literals(["created", "updated", "deleted"]),
});
export type Change = typeof Change.Type;

/** Changes were missed, or were too many to name: everything, in every space, may have changed. */
export const Resync = Schema.Struct({ kind: Schema.Literal("resync") });
export type Resync = typeof Resync.Type;

/** The one resync there is. */
export const resync: Resync = { kind: "resync" };
