import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Lane } from "../../../src/actors/proxySession/Lane.ts";
import { holds } from "../../support/property.ts";

const bounds = { frames: 8, bytes: 100 };

/** A lane whose ends do what the test says, with all that they were told. */
const open = (isHeld = false) => {
  const delivered: Array<string> = [];
  const told: Array<"pause" | "resume"> = [];
  let room: PromiseWithResolvers<void> | undefined;
  let willFill = false;
  const lane = new Lane(
    {
      deliver: ({ frame }) => {
        delivered.push(String(frame));
        if (!willFill) return undefined;
        willFill = false;
        room = Promise.withResolvers();
        return room.promise;
      },
      pause: () => told.push("pause"),
      resume: () => told.push("resume"),
    },
    bounds,
    isHeld,
  );
  return {
    lane,
    delivered,
    told,
    push: (frame: string) => lane.push({ frame, envelope: undefined }),
    fillAtNext: () => {
      willFill = true;
    },
    makeRoom: async () => {
      room?.resolve();
      await Promise.resolve();
    },
  };
};

describe("a lane", () => {
  test("delivers what is in the journal, in order, and nothing before", () => {
    const { delivered, lane, push } = open();
    push("a");
    push("b");
    expect(delivered).toEqual([]);
    lane.written();
    expect(delivered).toEqual(["a"]);
    lane.written();
    expect(delivered).toEqual(["a", "b"]);
    expect(lane.size).toBe(0);
  });

  test("holds back until it is released, and holds again in the middle of a delivery", () => {
    const { delivered, lane, push } = open(true);
    for (const frame of ["a", "b"]) {
      push(frame);
      lane.written();
    }
    expect(delivered).toEqual([]);
    lane.release();
    expect(delivered).toEqual(["a", "b"]);
    lane.hold();
    push("c");
    lane.written();
    expect(delivered).toEqual(["a", "b"]);
    lane.release();
    expect(delivered).toEqual(["a", "b", "c"]);
  });

  test("pauses its source when too many frames wait, and resumes it when half of them have left", async () => {
    const { fillAtNext, lane, makeRoom, push, told } = open();
    fillAtNext();
    for (let frame = 0; frame < 9; frame++) {
      push(String(frame));
      lane.written();
    }
    expect(lane.size).toBe(8);
    expect(told).toEqual(["pause"]);
    await makeRoom();
    expect(told).toEqual(["pause", "resume"]);
    expect(lane.size).toBe(0);
  });

  test("pauses its source for one frame that is larger than all it may hold, and takes it", () => {
    const { delivered, lane, push, told } = open();
    push("x".repeat(1000));
    expect(told).toEqual(["pause"]);
    lane.written();
    expect(delivered).toHaveLength(1);
    expect(told).toEqual(["pause", "resume"]);
  });

  test("has forgotten the room of an end that is gone", async () => {
    const { delivered, fillAtNext, lane, makeRoom, push } = open();
    fillAtNext();
    push("a");
    lane.written();
    lane.hold();
    push("b");
    lane.written();
    lane.release();
    expect(delivered).toEqual(["a", "b"]);
    fillAtNext();
    push("c");
    push("d");
    lane.written();
    lane.written();
    expect(delivered).toEqual(["a", "b", "c"]);
    await makeRoom();
    expect(delivered).toEqual(["a", "b", "c", "d"]);
  });

  test("says when it is empty", async () => {
    const { lane, push } = open();
    await lane.emptied();
    push("a");
    let isEmpty = false;
    const emptied = lane.emptied().then(() => {
      isEmpty = true;
    });
    await Promise.resolve();
    expect(isEmpty).toBe(false);
    lane.written();
    await emptied;
  });

  test("keeps order and bounds whatever happens when", async () => {
    const step = fc.oneof(
      { arbitrary: fc.constant("push" as const), weight: 6 },
      { arbitrary: fc.constant("written" as const), weight: 6 },
      fc.constantFrom("fill" as const, "room" as const, "hold" as const, "release" as const),
    );
    await holds(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: "max" }), async (steps) => {
        const { delivered, fillAtNext, lane, makeRoom, push, told } = open();
        let pushed = 0;
        let written = 0;
        for (const what of steps) {
          // A source that was told to pause sends no more.
          if (what === "push" && told.at(-1) !== "pause") push(String(pushed++));
          if (what === "written" && written < pushed) {
            written++;
            lane.written();
          }
          if (what === "fill") fillAtNext();
          if (what === "room") await makeRoom();
          if (what === "hold") lane.hold();
          if (what === "release") lane.release();
          expect(delivered.length).toBeLessThanOrEqual(written);
          expect(lane.size).toBe(pushed - delivered.length);
          expect(lane.size).toBeLessThanOrEqual(bounds.frames);
          expect(lane.isPaused).toBe(told.at(-1) === "pause");
        }
        for (; written < pushed; written++) lane.written();
        lane.release();
        while (lane.size > 0) await makeRoom();
        expect(delivered).toEqual(Array.from({ length: pushed }, (_, index) => String(index)));
        expect(lane.isPaused).toBe(false);
      }),
      500,
    );
  });
});
