// Which conversation a client without a session is in, by the times of what it did.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { keyOfStream, makeSpans, silenceMillis } from "../../../src/actors/recorder/stateless.ts";
import { holds } from "../../support/property.ts";
import { describe as description } from "../../support/recording.ts";

const minute = 60_000;
const at = (spans: ReturnType<typeof makeSpans>, time: number) => spans.place("s", "k", time).id;

describe("a key", () => {
  test("is in one conversation until it is silent for more than half an hour", () => {
    const spans = makeSpans([]);
    const first = spans.place("s", "k", 0);
    expect(first.isNew).toBe(true);
    expect(at(spans, 30 * minute)).toBe(first.id);
    expect(at(spans, 60 * minute)).toBe(first.id);
    const second = spans.place("s", "k", 90 * minute + 1);
    expect(second.isNew).toBe(true);
    expect(second.id).not.toBe(first.id);
    expect(at(spans, 91 * minute)).toBe(second.id);
  });

  test("is another one in another space", () => {
    const spans = makeSpans([]);
    expect(spans.place("other", "k", 0).id).not.toBe(at(spans, 0));
  });

  test("finds its conversation when what it did is learned of late", () => {
    const known = { conversation_id: "c", space: "s", key: "k", first_at: 1e6, last_at: 2e6 };
    const spans = makeSpans([known]);
    expect(at(spans, 1.5e6)).toBe("c");
    expect(spans.changed()).toEqual([]);
    expect(at(spans, 1e6 - silenceMillis)).toBe("c");
    expect(spans.changed()).toEqual([{ ...known, first_at: 1e6 - silenceMillis }]);
    expect(at(spans, 1e6 - 3 * silenceMillis)).not.toBe("c");
  });

  test("is made of token, client, upstream and session", () => {
    const key = keyOfStream(description());
    expect(keyOfStream(description({ transport: "http", isDewey: true }))).toBe(key);
    for (const more of [{ token: "x" }, { client: "x" }, { upstream: "x" }, { session: "x" }]) {
      expect(keyOfStream(description(more))).not.toBe(key);
    }
  });
});

test("an order that is kept gives the same conversations in whatever batches it comes", async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 45 }), { minLength: 1, maxLength: 40 });
  await holds(
    fc.property(gaps, fc.array(fc.nat(40), { maxLength: 5 }), (minutes, cuts) => {
      let now = 0;
      const times = minutes.map((gap) => {
        now += gap * minute;
        return now;
      });
      const expected = minutes.reduce<Array<number>>((groups, gap, index) => {
        const last = groups.at(-1) ?? 0;
        groups.push(index > 0 && gap * minute > silenceMillis ? last + 1 : last);
        return groups;
      }, []);
      let spans = makeSpans([]);
      const known = new Map<string, ReturnType<typeof spans.changed>[number]>();
      const ids = times.map((time, index) => {
        if (cuts.includes(index)) {
          for (const span of spans.changed()) known.set(span.conversation_id, span);
          spans = makeSpans([...known.values()]);
        }
        return at(spans, time);
      });
      const order = [...new Set(ids)];
      expect(ids.map((id) => order.indexOf(id))).toEqual(expected);
    }),
    200,
  );
});
