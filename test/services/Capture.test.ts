// What capture writes into the journal and when it lets a frame go on, with a real journal that may be full.
import { afterEach, describe, expect, setSystemTime } from "bun:test";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import type { ConnectionEvent, Entry, StreamDescription } from "../../src/domain/Recording.ts";
import { Capture, type CapturedStream } from "../../src/services/Capture.ts";
import { Journal } from "../../src/services/Journal.ts";
import { Redaction } from "../../src/services/Redaction.ts";
import { it } from "../support/it.ts";
import { description } from "./journal/entries.ts";
import { scopedFolder } from "./journal/folders.ts";

afterEach(() => {
  setSystemTime();
});

const now = () => Date.now();

/** A secret of no known kind, which only a pattern of the user finds. */
const secret = /hunter\d/g;

const withCapture = <A, E>(
  limitBytes: number,
  work: (capture: Capture["Service"], journal: Journal["Service"]) => Effect.Effect<A, E>,
) =>
  Effect.gen(function* () {
    const dataDir = yield* scopedFolder;
    return yield* Effect.gen(function* () {
      return yield* work(yield* Capture, yield* Journal);
    }).pipe(
      Effect.provide(
        Capture.layer.pipe(
          Layer.provideMerge(Journal.layer({ dataDir, sync: "normal", limitBytes })),
          Layer.provide(Redaction.layer({ enabled: true, patterns: [secret] })),
        ),
      ),
    );
  });

const pass = (stream: CapturedStream, payload: string) =>
  Effect.callback<void>((resume) =>
    stream.frame("to_upstream", payload, () => resume(Effect.void)),
  );

/** Everything that the journal holds from a segment on, until an entry is there. */
const entriesUntil = Effect.fnUntraced(function* (
  journal: Journal["Service"],
  isLast: (entry: Entry) => boolean,
) {
  const entries: Array<Entry> = [];
  let after = 0;
  while (!entries.some(isLast)) {
    const batch = yield* journal.own.read(after, { entries: 1000, bytes: 1e7 });
    entries.push(...(batch?.entries ?? []));
    after = batch?.through ?? after;
  }
  return { entries, through: after };
});

const isFrame = (payload: string) => (entry: Entry) =>
  entry._tag === "Frame" && entry.payload === payload;
const isEvent = (event: ConnectionEvent["event"]) => (entry: Entry) =>
  entry._tag === "Event" && entry.event.event === event;

/** An entry without what differs from run to run. */
const plain = (entry: Entry): unknown => {
  switch (entry._tag) {
    case "Stream":
      return entry.description;
    case "Event":
      if (entry.event.event !== "gap") return entry.event;
      return { event: "gap", frames: entry.event.frames, bytes: entry.event.bytes };
    case "Frame":
      return entry.payload;
  }
};

describe("a captured stream", () => {
  it.effect("introduces itself once, and each frame is in the journal before it goes on", () =>
    withCapture(1e9, (capture, journal) =>
      Effect.gen(function* () {
        const stream = capture.open(description);
        stream.event({ event: "opened" });
        const order: Array<string> = [];
        const frames = ["a", "b", "c", "d", "e", "f", "g"];
        for (const payload of frames) {
          stream.frame("to_upstream", payload, () => {
            expect(journal.state().kept).toBeGreaterThan(0);
            order.push(payload);
          });
        }
        // Nothing goes on before the commit.
        expect(order).toEqual([]);
        yield* pass(stream, "last");
        expect(order).toEqual(frames);
        const { entries } = yield* entriesUntil(journal, isFrame("last"));
        expect(entries.map(plain)).toEqual([description, { event: "opened" }, ...frames, "last"]);
        expect(new Set(entries.map(({ stream: id }) => id)).size).toBe(1);
        expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
      }),
    ),
  );

  it.effect("keeps no secret, and forwards what came", () =>
    withCapture(1e9, (capture, journal) =>
      Effect.gen(function* () {
        const stream = capture.open(description);
        yield* pass(stream, '{"password":"hunter2 hunter3"}');
        yield* pass(stream, "end");
        const { entries } = yield* entriesUntil(journal, isFrame("end"));
        const [, frame] = entries;
        if (frame?._tag !== "Frame") throw new Error("There is no frame.");
        expect(frame.redactions).toBeGreaterThan(0);
        expect(String(frame.payload)).not.toContain("hunter");
      }),
    ),
  );

  it.effect("forwards a frame whose redaction fails, and does not keep it", () =>
    Effect.gen(function* () {
      const dataDir = yield* scopedFolder;
      const logs: Array<string> = [];
      const log = Logger.map(Logger.formatJson, (line) => void logs.push(line));
      const broken = Layer.succeed(Redaction, {
        redact: (frame) => {
          if (frame === "bad") throw new Error("A fault of the redaction.");
          return { frame, count: 0 };
        },
      });
      yield* Effect.gen(function* () {
        const stream = (yield* Capture).open(description);
        yield* pass(stream, "good");
        yield* pass(stream, "bad");
        yield* pass(stream, "end");
        const { entries } = yield* entriesUntil(yield* Journal, isFrame("end"));
        expect(entries.map(plain)).toEqual([
          description,
          "good",
          { event: "gap", frames: 1, bytes: 3 },
          "end",
        ]);
        expect(logs.join()).toContain("A fault of the redaction.");
      }).pipe(
        Effect.provide(
          Capture.layer.pipe(
            Layer.provideMerge(Journal.layer({ dataDir, sync: "normal", limitBytes: 1e9 })),
            Layer.provide(broken),
            Layer.provideMerge(Logger.layer([log])),
          ),
        ),
      );
    }),
  );

  it.effect("tells of what was lost, before anything else, once there is room", () =>
    withCapture(100_000, (capture, journal) =>
      Effect.gen(function* () {
        const talking = capture.open(description);
        const late: StreamDescription = { ...description, upstream: "late" };
        const ended: StreamDescription = { ...description, upstream: "ended" };
        const big = "x".repeat(1000);
        const sent: Array<number> = [];
        const keptBefore: Array<string> = [];
        for (let number = 0; journal.isTaking(); number++) {
          const text = `${number} ${big}`;
          yield* pass(talking, text);
          keptBefore.push(text);
        }
        // The last one found the journal full.
        keptBefore.pop();
        const from = now();
        for (const text of ["é1", "é2", "é3"]) {
          yield* pass(talking, text);
          sent.push(now());
        }
        // Streams of which the journal has never heard: one goes on afterwards, one is over by then.
        const lateStream = capture.open(late);
        yield* pass(lateStream, "lost");
        const endedStream = capture.open(ended);
        yield* pass(endedStream, "12345");
        endedStream.event({ event: "closed", reason: "gone" });
        yield* journal.flush;

        const before = yield* journal.own.read(0, { entries: 50, bytes: 1e7 });
        yield* journal.own.release(before?.through ?? 0);
        expect(journal.isTaking()).toBe(true);
        yield* pass(lateStream, "kept");

        const { entries } = yield* entriesUntil(journal, isEvent("closed"));
        const of = (upstream: string) => {
          const opening = [...(before?.entries ?? []), ...entries].find(
            (entry) => entry._tag === "Stream" && entry.description.upstream === upstream,
          );
          return [...(before?.entries ?? []), ...entries].filter(
            ({ stream }) => stream === opening?.stream,
          );
        };
        const talked = of(description.upstream).map(plain);
        expect(talked).toEqual([
          description,
          ...keptBefore,
          {
            event: "gap",
            frames: 4,
            bytes: 9 + `${keptBefore.length} ${big}`.length,
          },
        ]);
        const gap = of(description.upstream).at(-1);
        if (gap?._tag !== "Event" || gap.event.event !== "gap") throw new Error("There is no gap.");
        expect(gap.event.from).toBeLessThanOrEqual(from);
        expect(gap.event.to).toBeGreaterThanOrEqual(from);
        expect(gap.event.to).toBeLessThanOrEqual(sent.at(-1) ?? 0);
        expect(of("late").map(plain)).toEqual([
          late,
          { event: "gap", frames: 1, bytes: 4 },
          "kept",
        ]);
        expect(of("ended").map(plain)).toEqual([
          ended,
          { event: "gap", frames: 1, bytes: 5 },
          { event: "closed", reason: "gone" },
        ]);
      }),
    ),
  );

  it.effect(
    "forwards in order, and accounts for every frame, while the journal fills and drains",
    () =>
      withCapture(60_000, (capture, journal) =>
        Effect.gen(function* () {
          const open = (index: number) => {
            const upstream = `upstream ${index}`;
            const order: Array<number> = [];
            return { upstream, stream: capture.open({ ...description, upstream }), order, sent: 0 };
          };
          const streams = Array.from({ length: 5 }, (_, index) => open(index));
          const entries: Array<Entry> = [];
          let after = 0;
          const readSome = Effect.gen(function* () {
            const batch = yield* journal.own.read(after, { entries: 200, bytes: 20_000 });
            if (batch === undefined) return;
            entries.push(...batch.entries);
            after = batch.through;
            yield* journal.own.release(after);
          });
          let count = 0;
          for (let turn = 1; turn <= 400; turn++) {
            // New ones at any time, so that the journal may fill between a stream's first entry and the next.
            if (turn % 2 === 0) streams.push(open(streams.length));
            for (const each of streams.slice(-5)) {
              const { order, stream } = each;
              const number = ++count;
              each.sent++;
              stream.frame("to_client", `${number} ${"y".repeat(turn % 300)}`, () =>
                order.push(number),
              );
            }
            yield* journal.flush;
            // The reader stops now and then for long enough to fill the journal.
            if (Math.floor(turn / 100) % 2 === 1 && journal.state().entries > 0) yield* readSome;
          }
          for (const { stream } of streams) stream.event({ event: "closed", reason: "end" });
          const closed = () => entries.filter(isEvent("closed")).length;
          while (closed() < streams.length) yield* readSome;

          let lost = 0;
          for (const { order, sent, upstream } of streams) {
            expect(order).toEqual(order.toSorted((one, other) => one - other));
            expect(order.length).toBe(sent);
            const opening = entries.find(
              (entry) => entry._tag === "Stream" && entry.description.upstream === upstream,
            );
            const own = entries.filter(({ stream: id }) => id === opening?.stream);
            expect(own[0]?._tag).toBe("Stream");
            let missing = 0;
            for (const entry of own) {
              if (entry._tag === "Event" && entry.event.event === "gap")
                missing += entry.event.frames;
            }
            expect(own.filter(({ _tag }) => _tag === "Frame").length + missing).toBe(sent);
            lost += missing;
          }
          expect(lost).toBeGreaterThan(0);
        }),
      ),
  );
});

describe("stateless streams", () => {
  const stateless: StreamDescription = { ...description, kind: "stateless", transport: "http" };

  const streamOf = Effect.fnUntraced(function* (
    capture: Capture["Service"],
    journal: Journal["Service"],
    what: StreamDescription,
  ) {
    const mark = crypto.randomUUID();
    const lent = what.kind === "stateless" ? capture.lend(what, { asks: [] }) : undefined;
    yield* pass(lent ?? capture.open(what), mark);
    lent?.giveBack();
    const { entries } = yield* entriesUntil(journal, isFrame(mark));
    return entries.find(isFrame(mark))?.stream;
  });

  it.effect("never hold two exchanges at a time, and take up what means one of them", () =>
    withCapture(1e9, (capture, journal) =>
      Effect.gen(function* () {
        const [one, other] = [
          capture.lend(stateless, { asks: ["1"] }),
          capture.lend(stateless, { asks: ["1"] }),
        ];
        const meant = capture.lend(stateless, { asks: [], about: "1" });
        yield* pass(one, "of one");
        yield* pass(other, "of the other");
        yield* pass(meant, "about the other");
        meant.giveBack();
        one.answered("1");
        one.giveBack();
        // Given up without its answer: nothing that comes later is taken for that.
        other.giveBack("It was given up.");
        const next = capture.lend(stateless, { asks: ["1"] });
        yield* pass(next, "next");
        yield* pass(capture.lend(stateless, { asks: ["1"] }), "last");
        const { entries } = yield* entriesUntil(journal, isFrame("last"));
        const of = (payload: string) => entries.find(isFrame(payload))?.stream;
        expect(of("of the other")).not.toBe(of("of one"));
        expect(of("about the other")).toBe(of("of the other"));
        expect(of("next")).toBe(of("of one"));
        expect(new Set(["of one", "of the other", "last"].map(of)).size).toBe(3);
        const ended = entries.filter(isEvent("ended"));
        expect(ended.map(({ stream }) => stream)).toEqual([of("of the other") ?? ""]);
        expect(ended.map(plain)).toEqual([{ event: "ended", reason: "It was given up." }]);
      }),
    ),
  );

  it.effect("end once they were silent for half an hour, as of when they were heard last", () =>
    withCapture(1e9, (capture, journal) =>
      Effect.gen(function* () {
        const start = now();
        const first = yield* streamOf(capture, journal, stateless);
        const heard = now();
        // A stream that says nothing leaves nothing.
        capture.lend({ ...stateless, token: "silent" }, { asks: [] }).giveBack();
        setSystemTime(start + 31 * 60_000);
        yield* TestClock.adjust("1 minute");
        const { entries } = yield* entriesUntil(journal, isEvent("ended"));
        const last = entries.at(-1);
        expect(last?.stream).toBe(first ?? "");
        expect(last?.at).toBeLessThanOrEqual(heard);
        expect(entries.filter(({ _tag }) => _tag === "Stream")).toHaveLength(1);
      }),
    ).pipe(Effect.provide(TestClock.layer())),
  );

  it.effect(
    "are one for the same token, client, upstream and session until half an hour of silence",
    () =>
      withCapture(1e9, (capture, journal) =>
        Effect.gen(function* () {
          const of = (more: Partial<StreamDescription>) =>
            streamOf(capture, journal, { ...stateless, ...more });
          const start = now();
          const minutes = (count: number) => setSystemTime(new Date(start + count * 60_000));
          const first = yield* of({});
          expect(yield* of({})).toBe(first);
          const others = [
            yield* of({ token: "bob" }),
            yield* of({ client: null }),
            yield* of({ upstream: "mail" }),
            yield* of({ session: "one" }),
            yield* of({ space: "other" }),
          ];
          expect(new Set([first, ...others]).size).toBe(6);
          minutes(29);
          expect(yield* of({})).toBe(first);
          // From the last that was heard, not from the first.
          minutes(58);
          expect(yield* of({})).toBe(first);
          minutes(88);
          expect(yield* of({})).not.toBe(first);
        }),
      ),
  );

  it.effect("of sessions are never one", () =>
    withCapture(1e9, (capture, journal) =>
      Effect.gen(function* () {
        const one = yield* streamOf(capture, journal, description);
        expect(yield* streamOf(capture, journal, description)).not.toBe(one);
      }),
    ),
  );
});
