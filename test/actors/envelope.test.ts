import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { keyOf, readEnvelope, splice } from "../../src/actors/envelope.ts";
import { PartReader, skipSpace, skipValue } from "../../src/actors/proxySession/jsonText.ts";
import { holds } from "../support/property.ts";

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** Writes a text as JSON with escapes where none are needed. */
const escaped = (text: string, which: number) =>
  `"${[...text]
    .map((char, index) =>
      char.length === 1 && ((which >> (index % 16)) & 1) === 1
        ? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
        : JSON.stringify(char).slice(1, -1),
    )
    .join("")}"`;

const text = fc
  .tuple(fc.string({ unit: "grapheme" }), fc.nat(0xffff))
  .map(([value, which]) => escaped(value, which));

const number = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,3})?([eE][+-]?\d{1,2})?$/),
);

/** Names of members, those that the proxy looks for among them, plain and escaped. */
const name = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "id",
        "method",
        "params",
        "result",
        "error",
        "_meta",
        "progressToken",
        "requestId",
      ),
      fc.nat(0xffff),
    )
    .map(([value, which]) => escaped(value, which & (which >> 4))),
  text,
);

/** JSON texts of every kind: spaced, escaped, with members that come twice. */
const { json } = fc.letrec<{ json: string }>((tie) => {
  const member = fc
    .tuple(space, name, space, space, tie("json"), space)
    .map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`);
  const parts = (part: fc.Arbitrary<string>) => fc.array(part, { maxLength: 6 });
  return {
    json: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom("true", "false", "null"),
      number,
      text,
      parts(fc.tuple(space, tie("json"), space).map((three) => three.join(""))).map(
        (items) => `[${items.join(",")}]`,
      ),
      parts(member).map((members) => `{${members.join(",")}}`),
    ),
  };
});

const parsed = (source: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(source) };
  } catch {
    return undefined;
  }
};

/** What breaks a text when it is put into it. */
const insertions = Array.from('{}[]",:\\ueE+-.01 \n\u0000x');

const isWhole = (source: string) => {
  const end = skipValue(source, 0);
  return end >= 0 && skipSpace(source, end) === source.length;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown) => typeof value === "string" || typeof value === "number";

/** What the envelope has to say, by way of the whole value. */
const expected = (value: unknown) => {
  if (Array.isArray(value)) return "batch";
  if (!isObject(value)) return "other";
  if ("method" in value) {
    if (typeof value["method"] !== "string") return "other";
    if (!("id" in value)) return "notification";
    return isId(value["id"]) ? "request" : "other";
  }
  return "result" in value || "error" in value ? "response" : "other";
};

describe("the way through JSON text", () => {
  test("takes exactly what JSON.parse takes", () => {
    void holds(
      fc.property(json, (source) => {
        expect(parsed(source)).toBeDefined();
        expect(isWhole(source)).toBe(true);
      }),
      500,
    );
  });

  test("takes nothing that JSON.parse refuses, however it is broken", () => {
    const broken = fc
      .tuple(json, fc.nat(), fc.nat(3), fc.constantFrom(...insertions))
      .map(([source, at, removed, inserted]) => {
        const place = at % (source.length + 1);
        return source.slice(0, place) + inserted + source.slice(place + removed);
      });
    void holds(
      fc.property(broken, (source) => {
        expect(isWhole(source)).toBe(parsed(source) !== undefined);
      }),
      3000,
    );
  });

  test("needs no call stack: a million brackets are passed over", () => {
    const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
    expect(skipValue(deep, 0)).toBe(deep.length);
    expect(skipValue(deep.slice(1), 0)).toBe(-1 + deep.length - 1);
    expect(readEnvelope(`{"id":1,"method":"m","params":${deep}}`).key).toBe("1");
  });

  test("goes through the members with their names and values, in order", () => {
    void holds(
      fc.property(json, (source) => {
        const start = skipSpace(source, 0);
        if (source[start] !== "{") return;
        const reader = new PartReader(source, start);
        const value = parsed(source)?.value;
        const found = new Map<string, unknown>();
        while (reader.next()) {
          for (const key of ["id", "method", "params", "_meta"]) {
            if (reader.is(key)) found.set(key, JSON.parse(source.slice(reader.from, reader.to)));
          }
        }
        expect(reader.end).toBe(source.trimEnd().length);
        for (const key of ["id", "method", "params", "_meta"]) {
          if (isObject(value)) expect(found.has(key)).toBe(Object.hasOwn(value, key));
          if (isObject(value)) expect(found.get(key)).toEqual(value[key]);
        }
      }),
      1000,
    );
  });
});

/** Texts that are messages more often than not. */
const message = fc
  .uniqueArray(
    fc.oneof(
      fc.oneof(number, text, json).map((value) => ["id", value] as const),
      fc
        .oneof(text, fc.constant('"notifications/cancelled"'), json)
        .map((value) => ["method", value] as const),
      json.map((value) => ["params", value] as const),
      json.map((value) => ["result", value] as const),
      json.map((value) => ["error", value] as const),
      fc.tuple(fc.string(), json),
    ),
    { maxLength: 6, selector: ([key]) => key },
  )
  .chain((members) =>
    fc.tuple(
      fc.shuffledSubarray(members, { minLength: members.length }),
      fc.array(fc.nat(0xffff)),
      space,
    ),
  )
  .map(
    ([members, which, gap]) =>
      `${gap}{${members.map(([key, value], index) => `${gap}${escaped(key, which[index] ?? 0)}${gap}:${value}${gap}`).join(",")}}${gap}`,
  );

describe("an envelope", () => {
  test("says of every text what the whole value says", () => {
    void holds(
      fc.property(fc.oneof(message, json), (source) => {
        const value = parsed(source)?.value;
        const envelope = readEnvelope(source);
        const kind = expected(value);
        expect(envelope.kind).toBe(kind);
        if (!isObject(value)) return;
        if (kind === "request" || kind === "notification")
          expect(envelope.method).toBe(String(value["method"]));
        if (kind === "request" || kind === "response") {
          const { id } = envelope;
          expect(id === undefined ? undefined : JSON.parse(id)).toEqual(value["id"]);
        }
        if (kind === "response") expect(envelope.isError).toBe("error" in value);
      }),
      3000,
    );
  });

  test("of bytes is that of their text, and of what is no UTF-8 it is none", () => {
    void holds(
      fc.property(message, (source) => {
        const { kind, key, method } = readEnvelope(source);
        expect(readEnvelope(new TextEncoder().encode(source))).toMatchObject({ kind, key, method });
      }),
      500,
    );
    expect(readEnvelope(new Uint8Array([0x7b, 0xff, 0x7d])).kind).toBe("other");
    expect(readEnvelope(new TextEncoder().encode('\uFEFF{"id":1,"method":"m"}')).kind).toBe(
      "other",
    );
  });

  test("of what is not JSON says nothing", () => {
    for (const source of [
      "",
      " ",
      "hello",
      "{",
      '{"id":1,"method":"m"',
      '{"id":1,"method":"m"} x',
      "[",
      "[1,]",
    ]) {
      const envelope = readEnvelope(source);
      expect(envelope.kind).toBe("other");
      expect(envelope.id).toBeUndefined();
      expect(envelope.key).toBeUndefined();
    }
  });

  test("of a batch has those of its messages", () => {
    const envelope = readEnvelope(
      '[{"id":1,"method":"a"}, {"method":"b"} ,{"id":"x","result":{}},7]',
    );
    expect(envelope.items.map(({ kind, key }) => [kind, key])).toEqual([
      ["request", "1"],
      ["notification", undefined],
      ["response", '"x'],
      ["other", undefined],
    ]);
  });

  test("counts the last of members with the same name, as JSON.parse does", () => {
    const envelope = readEnvelope('{"id":1,"method":"a","id":2,"\\u006dethod":"b"}');
    expect([envelope.id, envelope.method]).toEqual(["2", "b"]);
    expect(splice(envelope.text, envelope, { id: "9" })).toBe(
      '{"id":1,"method":"a","id":9,"\\u006dethod":"b"}',
    );
  });
});

describe("the key of an id", () => {
  test("is equal for equal ids and for no others", () => {
    const id = fc.oneof(number, text);
    void holds(
      fc.property(id, id, (one, other) => {
        expect(keyOf(one) === keyOf(other)).toBe(
          Object.is(JSON.parse(one), JSON.parse(other)) || JSON.parse(one) === JSON.parse(other),
        );
      }),
      2000,
    );
    expect(keyOf("1.0")).toBe(keyOf("1"));
    expect(keyOf("-0")).toBe(keyOf("0"));
    expect(keyOf('"1"')).not.toBe(keyOf("1"));
    expect(keyOf('"\\u0061"')).toBe(keyOf('"a"'));
    expect(keyOf("null")).toBeUndefined();
  });
});

const value = fc.oneof(number, text);

/** A message with all that can be referred to, and much around it. */
const referring = fc.record({ id: value, progress: value, request: value, meta: value });

const writing = fc
  .tuple(
    json,
    space,
    fc.constantFrom("tools/call", "notifications/progress", "notifications/cancelled"),
  )
  .map(([other, gap, method]) => ({
    method,
    write: ({
      id,
      meta,
      progress,
      request,
    }: Readonly<Record<"id" | "progress" | "request" | "meta", string>>) =>
      `{${gap}"jsonrpc":"2.0","x":${other},"params":{"progressToken":${progress},"requestId":${request},"arguments":${other},"_meta":{"y":${other},"progressToken"${gap}:${meta}}},"method":"${method}"${gap},"id":${id}}`,
  }));

describe("a splice", () => {
  test("changes what it names where it belongs, and no other byte", () => {
    void holds(
      fc.property(writing, referring, value, value, ({ method, write }, parts, id, token) => {
        const source = write(parts);
        const envelope = readEnvelope(source);
        const isProgress = method === "notifications/progress";
        const isCancelled = method === "notifications/cancelled";
        expect(splice(source, envelope, { id, progressToken: token, requestId: token })).toBe(
          write({
            id,
            progress: isProgress ? token : parts.progress,
            request: isCancelled ? token : parts.request,
            meta: isProgress ? parts.meta : token,
          }),
        );
        expect(envelope.reference("id")).toBe(parts.id);
        expect(envelope.reference("progressToken")).toBe(isProgress ? parts.progress : parts.meta);
        expect(envelope.reference("requestId")).toBe(isCancelled ? parts.request : undefined);
      }),
      1000,
    );
  });

  test("of bytes is bytes", () => {
    const bytes = new TextEncoder().encode('{"id":"ü","method":"ö","params":{"t":"😀"}}');
    const spliced = splice(bytes, readEnvelope(bytes), { id: "12" });
    expect(spliced).toEqual(new TextEncoder().encode('{"id":12,"method":"ö","params":{"t":"😀"}}'));
    const noText = new Uint8Array([0xff, 0xfe]);
    expect(splice(noText, readEnvelope(noText), { id: "12" })).toBe(noText);
  });

  test("finds the subscription of a notification and of a result", () => {
    const told = readEnvelope(
      '{"method":"notifications/message","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}',
    );
    expect(told.reference("subscriptionId")).toBe("7");
    const ended = readEnvelope(
      '{"id":7,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}',
    );
    expect(ended.withReferences({ id: "1", subscriptionId: "1" })).toBe(
      '{"id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}',
    );
  });
});
