import { describe, expect, test } from "bun:test";
import { UpstreamStates } from "../../../src/services/upstreams/UpstreamStates.ts";

/** States with a clock that the test moves. */
const observed = () => {
  let now = 0;
  const states = new UpstreamStates(() => now);
  const at = (millis: number) => {
    now = millis;
  };
  const show = () => {
    const { connections, last_failure, since, state } = states.stateOf("a");
    return [state, connections, Date.parse(since), last_failure?.message];
  };
  return { states, at, show };
};

describe("an upstream", () => {
  test("is idle until somebody is connected, and again when all have left", () => {
    const { at, show, states } = observed();
    expect(show()).toEqual(["idle", 0, 0, undefined]);
    at(1);
    const first = states.opened("a");
    at(2);
    const second = states.opened("a");
    expect(show()).toEqual(["connected", 2, 1, undefined]);
    at(3);
    first();
    first();
    expect(show()).toEqual(["connected", 1, 1, undefined]);
    second();
    expect(show()).toEqual(["idle", 0, 3, undefined]);
  });

  test("is unreachable since its first failure, given up when nobody tries any more, and well when it answers", () => {
    const { at, show, states } = observed();
    at(1);
    states.failed("a", "no route");
    at(2);
    states.failed("a", "still none");
    expect(show()).toEqual(["unreachable", 0, 1, "still none"]);
    at(3);
    // Of many that give up for one reason, the log says it once.
    expect([states.gaveUp("a", "enough"), states.gaveUp("a", "enough")]).toEqual([0, undefined]);
    expect([states.gaveUp("a", "enough", true), states.gaveUp("b", "enough")]).toEqual([0, 0]);
    at(4);
    states.failed("a", "another client");
    states.checked("a", "no answer");
    expect(show()).toEqual(["given up", 0, 3, "no answer"]);
    at(5);
    states.opened("a")();
    expect(show()).toEqual(["idle", 0, 5, "no answer"]);
  });

  test("is connected for the others when one loses its connection", () => {
    const { show, states } = observed();
    states.opened("a");
    states.failed("a", "one was cut");
    states.gaveUp("a", "one gave up");
    expect(show()).toEqual(["connected", 1, 0, "one gave up"]);
  });

  test("that does not answer a check is unreachable although connections seem open", () => {
    const { at, show, states } = observed();
    states.opened("a");
    at(1);
    states.checked("a", "silence");
    expect(show()).toEqual(["unreachable", 1, 1, "silence"]);
    at(2);
    states.checked("a", undefined);
    expect(show()).toEqual(["connected", 1, 2, "silence"]);
  });

  test("that is defined anew starts anew, but for the connections that it has", () => {
    const { show, states } = observed();
    const leave = states.opened("a");
    states.checked("a", "silence");
    states.redefined("a");
    expect(show()).toEqual(["connected", 1, 0, undefined]);
    leave();
    expect(show()).toEqual(["idle", 0, 0, undefined]);
  });
});
