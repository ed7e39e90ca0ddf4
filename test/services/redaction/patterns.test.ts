import { expect, test } from "bun:test";
import { Effect } from "effect";
import fc from "fast-check";
import { Redaction } from "../../../src/services/Redaction.ts";
import { holds } from "../../support/property.ts";

const redactionWith = (...patterns: ReadonlyArray<RegExp>) =>
  Effect.runSync(Effect.provide(Redaction, Redaction.layer({ enabled: true, patterns })));

const marker = "[REDACTED:pattern]";

test("a pattern is taken out wherever it matches, whatever its flags", () => {
  for (const pattern of [/acme-\d+/, /acme-\d+/g, /ACME-\d+/iy]) {
    const { redact } = redactionWith(pattern);
    expect(redact("acme-1, acme-22 and acme-")).toEqual({
      frame: `${marker}, ${marker} and acme-`,
      count: 2,
    });
    // The next frame is looked at from its beginning.
    expect(redact("acme-1")).toEqual({ frame: marker, count: 1 });
  }
});

test("secrets that are known and several patterns are counted together", () => {
  const { redact } = redactionWith(/employee \d+/, /größe \d+/);
  expect(redact('{"password":"hunter2","text":"employee 17, größe 5"}')).toEqual({
    frame: `{"password":"[REDACTED:password]","text":"${marker}, ${marker}"}`,
    count: 3,
  });
});

test("a greedy pattern leaves JSON behind", () => {
  const { redact } = redactionWith(/acme.*/s);
  const frame = JSON.stringify({ a: ['"acme"\n{}', 1, { acme: true }], b: "x" });
  expect(redact(frame)).toEqual({
    frame: JSON.stringify({ a: [`"${marker}`, 1, { [marker]: true }], b: "x" }),
    count: 2,
  });
});

test("a number becomes a text, and what is around it stays as it was written", () => {
  const { redact } = redactionWith(/^4\d{15}$/);
  expect(redact('{ "card" : 4111111111111111, "b":-1.50e3, "c" : "\\u00e9\\/" }')).toEqual({
    frame: `{ "card" : "${marker}", "b":-1.50e3, "c" : "\\u00e9\\/" }`,
    count: 1,
  });
});

test("what is escaped is matched as it reads", () => {
  const { redact } = redactionWith(/a\/b"c\nd/);
  expect(redact('{"x":"a\\/b\\u0022c\\nd"}')).toEqual({ frame: `{"x":"${marker}"}`, count: 1 });
});

test("a match of nothing is none", () => {
  const { redact } = redactionWith(/x*/, /(?:)/, /$/);
  const frame = '{"a":"bc"}';
  expect(redact(frame)).toEqual({ frame, count: 0 });
  expect(redact("axxb")).toEqual({ frame: `a${marker}b`, count: 1 });
});

test("what only begins like JSON is matched as a whole", () => {
  const { redact } = redactionWith(/acme/);
  for (const [frame, left] of [
    ['{"a":"acme', `{"a":"${marker}`],
    ['[acme] "', `[${marker}] "`],
    ['{"\\q":"acme"}', `{"\\q":"${marker}"}`],
  ] as const) {
    expect(redact(frame)).toEqual({ frame: left, count: 1 });
  }
});

test("bytes are matched as the text that they are, and come back as they were", () => {
  const { redact } = redactionWith(/größe/);
  const redacted = (frame: Uint8Array) => {
    const { count, frame: left } = redact(frame);
    return { count, bytes: [...Buffer.from(left)] };
  };
  expect(redacted(Buffer.from("\ufeffgröße ž"))).toEqual({
    count: 1,
    bytes: [...Buffer.from(`\ufeff${marker} ž`)],
  });
  const latin1 = Buffer.from("größe \u00ff", "latin1");
  expect(redacted(latin1)).toEqual({
    count: 1,
    bytes: [...Buffer.from(`${marker} \u00ff`, "latin1")],
  });
});

test("where no pattern matches, the same frame comes back; where one does, the JSON has the same shape", () => {
  const none = redactionWith(/\u{10ffff}/u);
  const some = redactionWith(/[0-9a-m]+/);
  return holds(
    fc.property(fc.object(), fc.uint8Array(), (value, bytes) => {
      const json = JSON.stringify(value);
      expect(none.redact(json)).toEqual({ frame: json, count: 0 });
      expect(none.redact(bytes).frame).toBe(bytes);
      const { frame } = some.redact(json);
      const parsed: unknown = JSON.parse(String(frame));
      expect(typeof parsed).toBe("object");
    }),
    500,
  );
});
