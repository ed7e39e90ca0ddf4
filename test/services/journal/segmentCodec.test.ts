import { describe, expect, test } from "bun:test";
import { Result } from "effect";
import fc from "fast-check";
import type { Entry } from "../../../src/domain/Recording.ts";
import {
  decodeSegment,
  type Segment,
  SegmentEncoder,
  segmentBounds,
} from "../../../src/services/journal/segmentCodec.ts";
import { holds } from "../../support/property.ts";
import { anyEntry, frameOf } from "./entries.ts";

const encode = (encoder: SegmentEncoder, entries: ReadonlyArray<Entry>): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = [];
  for (const entry of entries) {
    if (encoder.tryAdd(entry)) continue;
    segments.push(encoder.take());
    expect(encoder.tryAdd(entry)).toBe(true);
  }
  if (encoder.entries > 0) segments.push(encoder.take());
  return segments;
};

const decode = (segments: ReadonlyArray<Segment>) =>
  segments.flatMap((segment) => Result.getOrThrow(decodeSegment(segment)));

describe("the entries of a segment", () => {
  test("come back as they were, whatever is in them", async () => {
    // One encoder for all, as in a process: what a segment leaves behind must not reach the next one.
    const encoder = new SegmentEncoder();
    await holds(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 40 }), (entries) => {
        const segments = encode(encoder, entries);
        expect(decode(segments)).toEqual(entries);
        expect(segments[0]?.at).toBe(entries[0]?.at ?? Number.NaN);
      }),
      300,
    );
  });

  test("are divided so that no segment is past its bounds, but for one large entry alone", () => {
    const encoder = new SegmentEncoder();
    const stream = Bun.randomUUIDv7();
    const sizes = [10, 300_000, 900_000, 5, 3_000_000, 7, 700_000, 700_000];
    const entries = [
      ...sizes.map((size) => frameOf(stream, "é".repeat(size / 2))),
      ...sizes.map((size) => frameOf(stream, new Uint8Array(size).fill(size))),
      ...Array.from({ length: 1500 }, () => frameOf(stream, "small")),
    ];
    const segments = encode(encoder, entries);
    expect(decode(segments)).toEqual(entries);
    for (const { body, entries: count } of segments) {
      expect(count).toBeLessThanOrEqual(segmentBounds.entries);
      if (count > 1) expect(body.length).toBeLessThanOrEqual(segmentBounds.bytes);
    }
  });
});

describe("a damaged segment", () => {
  test("is refused or read, and nothing else", async () => {
    const damage = fc.record({
      entries: fc.array(anyEntry, { minLength: 1, maxLength: 5 }),
      cut: fc.option(fc.nat()),
      flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
    });
    let refused = 0;
    await holds(
      fc.property(damage, ({ cut, entries, flips }) => {
        for (const segment of encode(new SegmentEncoder(), entries)) {
          const whole = segment.body;
          const body = whole.slice(0, cut === null ? whole.length : cut % whole.length);
          for (const [at, bits] of flips) {
            const index = at % Math.max(1, body.length);
            body[index] = (body[index] ?? 0) ^ bits;
          }
          const read = decodeSegment({ entries: segment.entries, body });
          if (Result.isFailure(read)) refused++;
          else expect(read.success.length).toBe(segment.entries);
        }
      }),
      300,
    );
    expect(refused).toBeGreaterThan(100);
  });

  test("of a later format is refused by a sentence", () => {
    const read = decodeSegment({ entries: 1, body: new Uint8Array([9, 0, 0]) });
    expect(Result.getFailure(read)).toMatchObject({
      value: { message: "it is of a format that this version does not know" },
    });
  });
});
