import { expect, test } from "bun:test";
import {
  defaultLogBounds,
  EventLog,
  EventLogs,
  placeOf,
} from "../../../../src/proxy/inbound/http/EventLog.ts";

const logs = (bounds: Partial<typeof defaultLogBounds>) =>
  new EventLogs({ ...defaultLogBounds, ...bounds });

const textsAfter = (log: EventLog, channel: number, number = 0) =>
  log.after(channel, number).map(({ text }) => text);

test("what was said on a channel is found behind each of its events", () => {
  const log = new EventLog(logs({}));
  const { id, number } = log.add(1, "a");
  log.add(2, "b");
  log.add(1, "c");
  expect(placeOf(id)).toEqual({ channel: 1, number });
  expect(textsAfter(log, 1, number)).toEqual(["c"]);
  expect(textsAfter(log, 2)).toEqual(["b"]);
  expect(placeOf("x")).toBeUndefined();
});

test("the oldest goes first, by number and by size", () => {
  const few = new EventLog(logs({ events: 2 }));
  for (const text of ["a", "b", "c"]) few.add(1, text);
  expect(textsAfter(few, 1)).toEqual(["b", "c"]);
  const small = new EventLog(logs({ bytes: 5 }));
  for (const text of ["aaa", "bb", "c"]) small.add(1, text);
  expect(textsAfter(small, 1)).toEqual(["bb", "c"]);
});

test("all sessions together are bounded too, and a cleared one gives its room back", () => {
  const all = logs({ allBytes: 4 });
  const [one, other] = [new EventLog(all), new EventLog(all)];
  one.add(1, "aa");
  other.add(1, "bb");
  other.add(1, "c");
  expect(textsAfter(one, 1)).toEqual([]);
  expect(textsAfter(other, 1)).toEqual(["bb", "c"]);
  other.clear();
  one.add(1, "dddd");
  expect(textsAfter(one, 1)).toEqual(["dddd"]);
});
