// Entries of every kind, made up, for the tests of the journal.
import fc from "fast-check";
import type { ConnectionEvent, Entry, StreamDescription } from "../../../src/domain/Recording.ts";

/** A description that tests change in the places that they are about. */
export const description: StreamDescription = {
  kind: "session",
  space: "default",
  token: "ada",
  client: "editor",
  upstream: "files",
  isDewey: false,
  transport: "websocket",
  session: null,
};

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  // Lone surrogates, which no UTF-8 can hold, and what a decoder may take for a byte order mark.
  fc
    .array(fc.constantFrom("\ud800", "\udfff", "\ufeff", "\u0000", "a", "漢", "😀"))
    .map((units) => units.join("")),
);

const anyDescription: fc.Arbitrary<StreamDescription> = fc.record({
  kind: fc.constantFrom("session", "stateless"),
  space: anyText,
  token: anyText,
  client: fc.option(anyText),
  upstream: anyText,
  isDewey: fc.boolean(),
  transport: fc.constantFrom("websocket", "http", "stdio"),
  session: fc.option(anyText),
});

const anyTime = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 8.64e15 });

const anyEvent: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.constant({ event: "opened" as const }),
  fc.record({ event: fc.constant("upstream_lost" as const), reason: anyText }),
  fc.constant({ event: "reconnected" as const }),
  fc.record({ event: fc.constant("closed" as const), reason: anyText }),
  fc.record({
    event: fc.constant("gap" as const),
    frames: fc.nat(),
    bytes: fc.nat(),
    from: anyTime,
    to: anyTime,
  }),
);

const uuid = fc.uuid({ version: 7 });

/** Any entry of one of a few streams. */
export const anyEntry: fc.Arbitrary<Entry> = fc
  .tuple(
    fc.record({ stream: fc.oneof(fc.constant(crypto.randomUUID()), uuid), id: uuid, at: anyTime }),
    fc.oneof(
      fc.record({ _tag: fc.constant("Stream" as const), description: anyDescription }),
      fc.record({ _tag: fc.constant("Event" as const), event: anyEvent }),
      fc.record({
        _tag: fc.constant("Frame" as const),
        direction: fc.constantFrom("to_upstream" as const, "to_client" as const),
        payload: fc.oneof(anyText, fc.uint8Array({ maxLength: 200 })),
        redactions: fc.oneof(fc.constant(0), fc.nat()),
      }),
    ),
  )
  .map(([captured, rest]): Entry => ({ ...captured, ...rest }));

/** A frame of a stream. */
export const frameOf = (stream: string, payload: string | Uint8Array): Entry => ({
  _tag: "Frame",
  stream,
  id: Bun.randomUUIDv7(),
  at: Date.now(),
  direction: "to_upstream",
  payload,
  redactions: 0,
});
