import { describe, expect } from "bun:test";
import { Effect, Logger, References } from "effect";
import { hearComplaints } from "../../../src/actors/upstreamProcess/complaints.ts";
import { it } from "../../support/it.ts";

/** Hears all that is said; the lines of the log, and the last line. */
const heard = Effect.fnUntraced(function* (said: ReadonlyArray<string>) {
  const lines: Array<string> = [];
  const log = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)));
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const text of said) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  const complaints = yield* hearComplaints(stream, "child").pipe(
    Effect.provide(Logger.layer([log])),
    Effect.provideService(References.MinimumLogLevel, "Debug"),
  );
  yield* Effect.promise(() => complaints.heard(1000));
  return { lines, last: complaints.last };
});

describe("what a program complains about", () => {
  it.effect("is in the log line by line, without empty ones, however it is cut", () =>
    Effect.gen(function* () {
      const { last, lines } = yield* heard(["one\r\ntw", "o\n\n  \nthr", "ee"]);
      expect(lines).toEqual(["one", "two", "three"]);
      expect(last).toBe("three");
    }),
  );

  it.effect("is cut where it has no end", () =>
    Effect.gen(function* () {
      const { last, lines } = yield* heard(Array.from({ length: 50 }, () => "x".repeat(1000)));
      expect(lines.map(({ length }) => length)).toEqual([2000]);
      expect(last?.length).toBe(300);
    }),
  );

  it.effect("is told of in part when it is too much, and its last line is known", () =>
    Effect.gen(function* () {
      const said = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`);
      const { last, lines } = yield* heard(said);
      // At most two seconds' worth of lines.
      expect(lines.length).toBeLessThan(110);
      expect(last).toBe("line 9999");
    }),
  );
});
