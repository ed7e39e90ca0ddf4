// The appender with a store whose answers the test gives, so that every order of things can be had.
import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { Result } from "effect";
import { Appender } from "../../../src/services/journal/Appender.ts";
import { decodeSegment } from "../../../src/services/journal/segmentCodec.ts";
import type { Reply, Request } from "../../../src/services/journal/storeRequests.ts";
import { failedReply } from "../../../src/services/journal/storeRequests.ts";
import { frameOf } from "./entries.ts";

const done: Reply = {
  outcome: { _tag: "Done", segments: [] },
  held: { entries: 0, bytes: 0, oldestAt: undefined },
  notices: [],
  isEmpty: true,
};

afterEach(() => {
  setSystemTime();
});

const start = () => {
  const asked: Array<{ readonly texts: ReadonlyArray<unknown>; answer: (reply: Reply) => void }> =
    [];
  const told: Array<string> = [];
  const losing: Array<string> = [];
  const keeping: Array<number> = [];
  const faults: Array<unknown> = [];
  const textsOf = (request: Request) =>
    request._tag !== "Write"
      ? []
      : request.segments
          .flatMap((segment) => Result.getOrThrow(decodeSegment(segment)))
          .map((entry) => (entry._tag === "Frame" ? entry.payload : undefined));
  const appender = new Appender({
    link: (request, answer) => asked.push({ texts: textsOf(request), answer }),
    limitBytes: 1e9,
    committed: () => {},
    losing: (sentence) => losing.push(sentence),
    keeping: (lost) => keeping.push(lost),
    fault: (cause) => faults.push(cause),
  });
  return {
    appender,
    told,
    losing,
    keeping,
    faults,
    asked,
    append: (text: string, then?: () => void) =>
      appender.append(frameOf("stream", text), (kept) => {
        told.push(`${text} ${kept ? "kept" : "lost"}`);
        then?.();
      }),
  };
};

describe("what is appended", () => {
  test("in one turn is one write, and nobody is told before its answer", async () => {
    const { append, asked, told } = start();
    append("a");
    append("b");
    expect(asked.length).toBe(0);
    await setImmediate();
    append("c");
    await setImmediate();
    expect(asked.map(({ texts }) => texts)).toEqual([["a", "b"]]);
    expect(told).toEqual([]);
    asked[0]?.answer(done);
    expect(told).toEqual(["a kept", "b kept"]);
    // What came while the store was at it is the next write, as one.
    append("d");
    await setImmediate();
    expect(asked.map(({ texts }) => texts)).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  test("before a failure was known is lost with it, and what comes while it lasts is not tried", async () => {
    const { append, appender, asked, keeping, losing, told } = start();
    const failedAt = Date.now();
    setSystemTime(failedAt);
    append("a");
    await setImmediate();
    append("b", () => append("after b"));
    asked[0]?.answer(failedReply("It is broken."));
    expect(told).toEqual(["a lost"]);
    append("c");
    expect(appender.isTaking()).toBe(false);
    await setImmediate();
    await setImmediate();
    expect(told).toEqual(["a lost", "b lost", "c lost", "after b lost"]);
    expect(asked.length).toBe(1);
    expect(losing).toEqual(["It is broken."]);
    expect(appender.state).toMatchObject({ entries: 0, kept: 0, lost: 4, fault: "It is broken." });

    setSystemTime(failedAt + 250);
    expect(appender.isTaking()).toBe(true);
    append("d");
    await setImmediate();
    asked[1]?.answer(done);
    expect(told.at(-1)).toBe("d kept");
    expect(keeping).toEqual([4]);
    expect(appender.state).toMatchObject({ kept: 1, lost: 4, fault: undefined });
  });

  test("behind what was passed is lost too: it may be of no use without it", async () => {
    const { append, appender, asked, told } = start();
    append("a");
    appender.pass(() => told.push("passed"));
    append("b");
    await setImmediate();
    expect(asked.map(({ texts }) => texts)).toEqual([["a"]]);
    asked[0]?.answer(done);
    expect(told).toEqual(["a kept", "passed", "b lost"]);
  });

  test("while the disk is waited for is bounded", async () => {
    const { append, appender, asked, told } = start();
    append("first");
    await setImmediate();
    const megabyte = "x".repeat(1024 * 1024);
    for (let count = 0; count < 70; count++) append(megabyte);
    expect(appender.state.bytes).toBeLessThan(66 * 1024 * 1024);
    asked[0]?.answer(done);
    await setImmediate();
    asked[1]?.answer(done);
    expect(told.slice(0, 64).every((each) => each.endsWith("kept"))).toBe(true);
    expect(told.slice(-5).every((each) => each.endsWith("lost"))).toBe(true);
    expect(told.length).toBe(71);
  });

  test("by a caller that throws when it is told stops nobody else", async () => {
    const { append, asked, faults, told } = start();
    append("a", () => {
      throw new Error("of its own");
    });
    append("b");
    await setImmediate();
    asked[0]?.answer(done);
    expect(told).toEqual(["a kept", "b kept"]);
    expect(faults).toEqual([new Error("of its own")]);
  });

  test("is waited for by whoever asks, and only what was there when he asked", async () => {
    const { append, appender, asked, told } = start();
    appender.flushed(() => told.push("nothing to wait for"));
    append("a");
    appender.flushed(() => told.push("flushed a"));
    await setImmediate();
    append("b");
    asked[0]?.answer(done);
    expect(told).toEqual(["nothing to wait for", "a kept", "flushed a"]);
  });
});
