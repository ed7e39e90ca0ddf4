// Changes in the payloads of notifications: nothing is lost on the way, and none is too long for Postgres.
import { expect, test } from "bun:test";
import { Option } from "effect";
import { type Change, resync } from "../../src/domain/Change.ts";
import { decodePayload, emptyPayload, encodePayloads } from "../../src/sql/changePayloads.ts";

const change = (space: string, name: string): Change => ({
  space,
  kind: "startup_context",
  name,
  what: "updated",
});

const decodeAll = (payloads: ReadonlyArray<string>) =>
  payloads.flatMap((payload) => Option.toArray(decodePayload(payload)));

test("what is written is read again, with who wrote it", () => {
  const changes = [change("default", "a"), change('a "b" \\', "ü 日本 🙂\n\u0001"), resync];
  const payloads = encodePayloads("one", changes);
  expect(decodeAll(payloads)).toEqual([{ from: "one", changes }]);
});

test("many changes take few payloads, and each fits even where names are as long as they may be", () => {
  const longest = "🙂".repeat(255);
  const escaped = "\u0001".repeat(255);
  const changes = Array.from({ length: 200 }, (_, index) => [
    change("default", `name ${index}`),
    change(longest, `${index}${longest.slice(8)}`),
    change(escaped, `${index}${escaped.slice(4)}`),
  ]).flat();
  const payloads = encodePayloads("one", changes);
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8000);
  expect(decodeAll(payloads).flatMap((bulletin) => bulletin.changes)).toEqual(changes);
  const short = Array.from({ length: 512 }, (_, index) => change("default", `name ${index}`));
  expect(encodePayloads("one", short).length).toBeLessThanOrEqual(6);
});

test("nothing to tell takes no payload, and an empty one tells nothing", () => {
  expect(encodePayloads("one", [])).toEqual([]);
  expect(decodeAll([emptyPayload("one")])).toEqual([{ from: "one", changes: [] }]);
});

test("what is not of this version's making is not believed", () => {
  const foreign = [
    "",
    "hello",
    "{}",
    '{"from":"one","changes":[{"kind":"conversation","name":"a"}]}',
    '{"from":"one","changes":[{"space":"s","kind":"poem","name":"a","what":"updated"}]}',
  ];
  expect(decodeAll(foreign)).toEqual([]);
});
