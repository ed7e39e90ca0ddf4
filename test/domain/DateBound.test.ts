import { describe, expect, test } from "bun:test";
import { Effect, Exit, Result, Schema } from "effect";
import fc from "fast-check";
import { type DateSpan, DateSpanParameters, dateSpan } from "../../src/domain/DateBound.ts";
import { holds } from "../support/property.ts";

const parameters = Schema.Struct(DateSpanParameters);
const decode = Schema.decodeUnknownResult(parameters);
const isDate = (text: string) => Result.isSuccess(decode({ start_date: text }));

/** What a span means: the first instant inside, and the last or the first after it. */
const span = (start_date?: string, end_date?: string): DateSpan | undefined => {
  const input = {
    ...(start_date === undefined ? {} : { start_date }),
    ...(end_date === undefined ? {} : { end_date }),
  };
  const exit = Effect.runSyncExit(dateSpan(input));
  return Exit.isSuccess(exit) ? exit.value : undefined;
};

describe("what is a date or a time", () => {
  test.each([
    "2026-11-20",
    "2024-02-29",
    "2000-02-29",
    "0001-01-01",
    "9999-12-31",
    "2026-11-20T09:30",
    "2026-11-20T09:30:00",
    "2026-11-20T09:30:59.999999999",
    "2026-11-20T23:59:59Z",
    "2026-11-20t23:59:59z",
    "2026-11-20 23:59:59+05:30",
    "2026-11-20T00:00:00-0330",
    "2026-11-20T00:00:00+14:00",
  ])("%s is", (text) => {
    expect(isDate(text)).toBe(true);
  });

  test.each([
    "",
    "now",
    "2026",
    "2026-11",
    "20261120",
    "2026-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-00-10",
    "2026-13-01",
    "2026-11-20T",
    "2026-11-20Z",
    "2026-11-20T24:00",
    "2026-11-20T10:60",
    "2026-11-20T10:00:60",
    "2026-11-20T10:00:00.",
    "2026-11-20T10:00:00+15:00",
    "2026-11-20T10:00:00+05:60",
    "2026-11-20T10:00:00+5",
    "2026-11-20T10:00:00 Z",
    "0000-01-01",
    "-2026-01-01",
    "+12026-01-01",
    "２０２６-11-20",
  ])("%p is not", (text) => {
    expect(isDate(text)).toBe(false);
  });
});

describe("a span", () => {
  test("is open where nothing is given", () => {
    expect(span()).toEqual({ from: null, to: null, toExclusive: false });
  });

  test("ends with the whole of a plain end date", () => {
    expect(span("2026-11-20", "2026-11-20")).toEqual({
      from: "2026-11-20T00:00:00Z",
      to: "2026-11-21T00:00:00.000Z",
      toExclusive: true,
    });
    expect(span(undefined, "2026-12-31")?.to).toBe("2027-01-01T00:00:00.000Z");
    expect(span(undefined, "2024-02-28")?.to).toBe("2024-02-29T00:00:00.000Z");
    expect(span(undefined, "9999-12-31")?.to).toBe("infinity");
  });

  test("holds the very time that is given as its end", () => {
    expect(span(undefined, "2026-11-20t09:30z")).toEqual({
      from: null,
      to: "2026-11-20T09:30Z",
      toExclusive: false,
    });
  });

  test("is in UTC where no offset is given", () => {
    expect(span("2026-11-20 09:30")?.from).toBe("2026-11-20T09:30Z");
    expect(span("2026-11-20T09:30-05:00")?.from).toBe("2026-11-20T09:30-05:00");
  });

  test("may be one instant, and may not end before it starts", () => {
    const instant = "2026-11-20T12:00:00Z";
    expect(span(instant, instant)).toBeDefined();
    expect(span(instant, "2026-11-20T13:00:00+01:00")).toBeDefined();
    expect(span(instant, "2026-11-20T13:00:00+0100")).toBeDefined();
    expect(span(instant, "2026-11-20T12:59:59+01:00")).toBeUndefined();
    expect(span(instant, "2026-11-20T12:59:59+0100")).toBeUndefined();
    expect(span("2026-11-20T23:59:59.999Z", "2026-11-20")).toBeDefined();
    expect(span("2026-11-21T00:00:00Z", "2026-11-20")).toBeUndefined();
    expect(span("9999-12-31T23:59:59Z", "9999-12-31")).toBeDefined();
  });

  test("is refused exactly when no instant can be inside", () =>
    holds(
      fc.property(
        fc.date({ min: new Date("1000-01-01"), max: new Date("9000-01-01"), noInvalidDate: true }),
        fc.integer({ min: -200_000_000, max: 200_000_000 }),
        fc.boolean(),
        (start, distance, isPlain) => {
          const end = new Date(start.getTime() + distance).toISOString();
          const last = isPlain ? `${end.slice(0, 10)}T23:59:59.999Z` : end;
          const given = isPlain ? end.slice(0, 10) : end;
          const isEmpty = start.getTime() > Date.parse(last);
          expect(span(start.toISOString(), given) === undefined).toBe(isEmpty);
        },
      ),
      500,
    ));
});
