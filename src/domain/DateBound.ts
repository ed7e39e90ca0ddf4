/** The ends of a span of time as people write them: a date or a time, ISO 8601, both inclusive. */
import { Effect, Schema } from "effect";
import { InvalidInput } from "./Errors.ts";
import { optional } from "./Text.ts";

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

const daysIn = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

const isDateBound = (text: string): boolean => {
  const match = pattern.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const offset = match[7]?.replace(":", "") ?? "Z";
  const offsetHolds =
    offset.toUpperCase() === "Z" ||
    (Number(offset.slice(1, 3)) <= 14 && Number(offset.slice(3)) <= 59);
  return (
    year >= 1 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    offsetHolds
  );
};

const DateBound = Schema.String.check(
  Schema.makeFilter(isDateBound, {
    expected: "an ISO 8601 date such as 2026-11-20 or a time such as 2026-11-20T09:30:00Z",
    toJsonSchema: () => ({}),
  }),
);

/** The parameters `start_date` and `end_date`. */
export const DateSpanParameters = {
  start_date: optional(
    DateBound,
    "Only from this ISO 8601 date or time on (inclusive; UTC when no offset is given).",
  ),
  end_date: optional(
    DateBound,
    "Only up to this ISO 8601 date or time (inclusive; a plain date means that whole day, UTC).",
  ),
};

/** A span of time, half open or closed at its end, in the text form that Postgres reads. */
export interface DateSpan {
  readonly from: string | null;
  readonly to: string | null;
  /** Whether `to` itself is outside: the midnight after a plain end date. */
  readonly toExclusive: boolean;
}

const isPlainDate = (text: string): boolean => text.length === 10;

const instant = (text: string): string => {
  if (isPlainDate(text)) return `${text}T00:00:00Z`;
  const time = text.toUpperCase().replace(" ", "T");
  return /(Z|[+-]\d{2}:?\d{2})$/.test(time.slice(11)) ? time : `${time}Z`;
};

const nextDay = (date: string): string => {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.getUTCFullYear() > 9999 ? "infinity" : day.toISOString();
};

/** Reads both ends; a start after the end is refused. */
export const dateSpan = Effect.fnUntraced(function* (parameters: {
  readonly start_date?: string;
  readonly end_date?: string;
}): Effect.fn.Return<DateSpan, InvalidInput> {
  const { start_date: start, end_date: end } = parameters;
  const toExclusive = end !== undefined && isPlainDate(end);
  const span: DateSpan = {
    from: start === undefined ? null : instant(start),
    to: end === undefined ? null : toExclusive ? nextDay(end) : instant(end),
    toExclusive,
  };
  if (span.from !== null && span.to !== null) {
    const distance = Date.parse(span.to) - Date.parse(span.from);
    if (distance < 0 || (toExclusive && distance === 0)) {
      return yield* new InvalidInput({
        message: "start_date is after end_date. Give a start that is not later than the end.",
        details: { path: "start_date" },
      });
    }
  }
  return span;
});
