/** Cursors of lists that change: which provider goes on, and after what. Nothing in them is believed. */
import { Option, Schema } from "effect";
import { InvalidInput } from "../../domain/Errors.ts";

/** The answer to a cursor that no list of Dewey has given out. */
export const unknownCursor = new InvalidInput({
  message: "Unknown cursor. Begin again without one.",
  details: { path: "cursor" },
});

/** A place in the list of all providers' resources. */
export interface Place {
  /** The provider's name. */
  readonly provider: string;
  /** Where in its list; absent at the beginning. */
  readonly after?: string;
}

const decodePlace = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Struct({ provider: Schema.String, after: Schema.optionalKey(Schema.String) }),
  ),
  { onExcessProperty: "error" },
);

/** Writes a place as a text that means nothing to clients. */
export const writeCursor = (place: Place): string =>
  Buffer.from(JSON.stringify(place)).toString("base64url");

/** Reads it back; none where it was not written here. */
export const readCursor = (cursor: string): Option.Option<Place> =>
  /^[\w-]+$/.test(cursor)
    ? decodePlace(Buffer.from(cursor, "base64url").toString())
    : Option.none();
