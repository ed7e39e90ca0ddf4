import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import fc from "fast-check";
import type { Frame } from "../../src/domain/Frame.ts";
import { Redaction } from "../../src/services/Redaction.ts";
import { holds } from "../support/property.ts";
import { ordinary } from "./redaction/ordinary.ts";
import { examples } from "./redaction/secrets.ts";

const redactionOf = (enabled: boolean) =>
  Effect.runSync(Effect.provide(Redaction, Redaction.layer({ enabled, patterns: [] })));

const { redact } = redactionOf(true);

const textOf = (frame: Frame) => {
  if (typeof frame !== "string") return expect.unreachable();
  return frame;
};

/** JSON with these characters of its strings written as escapes, as some libraries write them. */
const escaping = (json: string, escaped: RegExp): string => {
  const escape = (unit: string) => {
    if (unit === '\\"') return escaped.test('"') ? "\\u0022" : unit;
    if (unit.length > 1 || !escaped.test(unit)) return unit;
    if (unit === "/") return "\\/";
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  };
  return json.replace(
    /"((?:\\.|[^"\\])*)"/g,
    (_, content: string) => `"${content.replace(/\\.|[^\\]/gs, escape)}"`,
  );
};

/** JSON within so many strings of JSON, one in the other, each written in that way. */
const nested = (value: unknown, depth: number, escaped: RegExp = /(?!)/): string => {
  const json = escaping(JSON.stringify(value), escaped);
  return depth === 0 ? json : nested(json, depth - 1, escaped);
};

const unnested = (text: string, depth: number): unknown => {
  const value: unknown = JSON.parse(text);
  if (depth === 0) return value;
  return typeof value === "string" ? unnested(value, depth - 1) : expect.unreachable();
};

const styles = [
  { name: "as usual", escaped: /(?!)/ },
  { name: "with escaped slashes", escaped: /\// },
  { name: "with escaped punctuation", escaped: /[-_/+&<>'":=.@]/ },
];

describe.each(examples)("$name", ({ redacted, text }) => {
  test("in plain text", () => {
    expect(redact(text)).toEqual({ frame: redacted, count: 1 });
    expect(redact(`Look:\n${text}\nThat was it.`)).toEqual({
      frame: `Look:\n${redacted}\nThat was it.`,
      count: 1,
    });
  });

  test("in JSON, and in JSON within JSON", () => {
    for (const { escaped, name } of styles) {
      for (const depth of [0, 1, 2, 3]) {
        const frame = nested({ a: [text], b: `\t${text}\n` }, depth, escaped);
        const { count, frame: left } = redact(frame);
        expect([name, depth, count]).toEqual([name, depth, 2]);
        expect(unnested(textOf(left), depth)).toEqual({ a: [redacted], b: `\t${redacted}\n` });
      }
    }
  });

  test("in bytes, of whatever kind those around it are", () => {
    const [before, after] = [
      [0xff, 0xc3, 0xa0, 0x20],
      [0x20, 0x80, 0x00, 0xfe],
    ];
    const frame = Buffer.from([...before, ...Buffer.from(text), ...after]);
    const { count, frame: left } = redact(new Uint8Array(frame));
    expect(count).toBe(1);
    expect([...Buffer.from(left)]).toEqual([...before, ...Buffer.from(redacted), ...after]);
  });
});

const quoting = fc.constantFrom(
  ["", ""],
  [" ", " "],
  ["\n", "\r\n"],
  ['"', '"'],
  ["'", "'"],
  ["(", ")"],
  ["`", "`"],
  ["=", ","],
  ["> ", "<"],
  ["ж", " ж"],
);
const around = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom(...ordinary));

test("nothing changes but the secret", () =>
  holds(
    fc.property(
      fc.constantFrom(...examples),
      quoting,
      fc.array(fc.jsonValue(), { maxLength: 2 }),
      around,
      fc.nat(2),
      fc.constantFrom(...styles),
      ({ redacted, text }, [open = "", close = ""], others, beside, depth, { escaped }) => {
        const message = (secret: string) => ({
          jsonrpc: "2.0",
          others,
          beside,
          params: { arguments: { text: `… ${open}${secret}${close} …` }, beside },
        });
        const frame = nested(message(text), depth, escaped);
        const { count, frame: left } = redact(frame);
        expect(count).toBe(1);
        expect(unnested(textOf(left), depth)).toEqual(
          unnested(nested(message(redacted), depth), depth),
        );
        // There is nothing more to be found in it.
        expect(redact(left)).toEqual({ frame: left, count: 0 });
        const bytes = redact(Buffer.from(frame));
        expect(bytes.count).toBe(1);
        expect(Buffer.from(bytes.frame).toString()).toBe(Buffer.from(textOf(left)).toString());
      },
    ),
    1000,
  ));

test("several secrets are counted, and each has its marker", () => {
  const frame = examples.map(({ text }) => text).join("\n\n");
  expect(redact(frame)).toEqual({
    frame: examples.map(({ redacted }) => redacted).join("\n\n"),
    count: examples.length,
  });
});

test("what is at the end of an escape begins a word", () => {
  const { redacted, text } = examples.find(({ name }) => name === "npm") ?? expect.unreachable();
  const before = [
    "\\n",
    "\\t",
    "\\\\n",
    "%20",
    "%3D",
    "\u001b[1;31m",
    "\\u001b[0m",
    "\\u000a",
    "\\u003e",
  ];
  for (const end of before) {
    expect(redact(`{"a":"b${end}${text}"}`)).toEqual({
      frame: `{"a":"b${end}${redacted}"}`,
      count: 1,
    });
  }
  for (const end of ["a", "0", "zzm"]) expect(redact(end + text).count).toBe(0);
});

describe("what is no secret", () => {
  const unchanged = (frame: Frame) => {
    const { count, frame: left } = redact(frame);
    expect({ count, frame: left }).toEqual({ count: 0, frame });
    // Not a copy: whoever keeps it keeps the same one.
    expect(left).toBe(frame);
  };

  test.each([...ordinary])("%s", (text) => {
    unchanged(text);
    unchanged(Buffer.from(text));
    for (const { escaped } of styles) {
      for (const depth of [0, 1, 2]) unchanged(nested({ text }, depth, escaped));
    }
  });

  test("random identifiers, hashes and bytes", () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 4096 });
    const encodings = ["base64", "base64url", "hex", "latin1"] as const;
    return holds(
      fc.property(bytes, fc.uuid(), fc.ulid(), (data, uuid, ulid) => {
        unchanged(data);
        unchanged(JSON.stringify({ id: uuid, key: ulid, token: 1, state: `${ulid}-${uuid}` }));
        for (const encoding of encodings) {
          const text = Buffer.from(data).toString(encoding);
          unchanged(
            JSON.stringify({ type: "image", data: text, uri: `data:image/png;base64,${text}` }),
          );
          unchanged(text);
        }
      }),
      300,
    );
  });

  test("a large image", () => {
    const data = Uint8Array.from(
      { length: 3_000_000 },
      (_, index) => (index * 2_654_435_761) >>> 11,
    );
    unchanged(JSON.stringify({ type: "image", data: Buffer.from(data).toString("base64") }));
  });
});

// If a time grew with the square of the size, each of these would take more than minutes.
test.each([
  "password=",
  'password="',
  "'password': '",
  '{\\"token\\":\\"',
  '"key":"token":"password":',
  "Authorization: Bearer ",
  "Authorization=",
  "a.password=b.",
  "token=a_",
  "PASSWORD=x.y",
  "password\\\\\\",
  "password    ",
  '--token "--token" ',
  "<password>",
  "ghp_",
  "ghp_ sk-ant- xoxb- eyJ",
  "/xoxb-aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "=ABSK",
  "1//0",
  "a://b:c@",
  "a://",
  "@://:",
  "-----BEGIN PRIVATE KEY-----\\n",
  "-----BEGIN PRIVATE KEY-----aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\",
  "eyJhbGciOiJI.",
  "eyJ",
  "Basic aaaaaaaa",
  "12345678:AA",
  "MTIz",
  "a1b8Q~",
  "\\",
  "\\u0022",
  "\\/",
  "&sig=",
])("a hostile frame of %j costs time by its size", (unit) => {
  const frame = unit.repeat(Math.ceil((2 * 1024 * 1024) / unit.length));
  const { count, frame: left } = redact(frame);
  expect(typeof left).toBe("string");
  expect(count).toBeGreaterThanOrEqual(0);
});

test("a long value without quotes is taken out to its end", () => {
  const value = "a1.b2-".repeat(1000);
  expect(redact(`access_token=${value}&a=b`)).toEqual({
    frame: "access_token=[REDACTED:token]&a=b",
    count: 1,
  });
  expect(redact(`Authorization: Bearer ${value}`).frame).toBe(
    "Authorization: Bearer [REDACTED:bearer-token]",
  );
});

test("where it is off, frames pass as they are", () => {
  const { redact: pass } = redactionOf(false);
  const [example = expect.unreachable()] = examples;
  expect(pass(example.text)).toEqual({ frame: example.text, count: 0 });
});
