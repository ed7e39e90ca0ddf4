import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamParser, type StreamPiece } from "../../src/proxy/sse.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Feeds a stream cut at these places. */
const parse = (bytes: Uint8Array, cuts: ReadonlyArray<number> = []) => {
  const parser = new EventStreamParser();
  const places = [
    ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  const pieces: Array<StreamPiece> = [];
  let from = 0;
  for (const to of places) {
    pieces.push(...parser.push(bytes.subarray(from, to)));
    from = to;
  }
  return { pieces, rest: parser.end() };
};

const said = (pieces: ReadonlyArray<StreamPiece>) =>
  pieces
    .filter(({ data, id, retry }) => data !== undefined || id !== undefined || retry !== undefined)
    .map(({ data, event, id, retry }) => ({ data, event, id, retry }));

const example =
  '\ufeff: hi\n\nid: 1\nretry: 10\ndata: \n\nevent: message\r\ndata: {"a":"ü"}\r\n\r\n' +
  "data: a\rdata:b\rid\r\r:x\ndata:  c\n:y\nretry: soon\nother: z\n\n\ndata: half";

describe("an event stream", () => {
  test("is read as the standard has it", () => {
    const { pieces, rest } = parse(bytesOf(example));
    expect(said(pieces)).toEqual([
      { data: "", event: undefined, id: "1", retry: 10 },
      { data: '{"a":"ü"}', event: "message", id: undefined, retry: undefined },
      { data: "a\nb", event: undefined, id: "", retry: undefined },
      { data: " c", event: undefined, id: undefined, retry: undefined },
    ]);
    expect(new TextDecoder().decode(rest)).toBe("data: half");
  });

  test("is the same however it is cut, and its pieces are all of it", () => {
    const bytes = bytesOf(example);
    const whole = said(parse(bytes).pieces);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 60 }), (cuts) => {
        const { pieces, rest } = parse(bytes, cuts);
        expect(said(pieces)).toEqual(whole);
        expect(Buffer.concat([...pieces.map(({ raw }) => raw), rest]).equals(bytes)).toBe(true);
      }),
    );
  });

  test("gives a comment between two events at once", () => {
    const parser = new EventStreamParser();
    expect(parser.push(bytesOf(": alive\n"))).toHaveLength(1);
    expect(parser.push(bytesOf("data: 1\n: alive\n"))).toHaveLength(0);
    expect(said(parser.push(bytesOf("\n")))).toMatchObject([{ data: "1" }]);
  });

  test("has bytes where an event is no UTF-8", () => {
    const { pieces } = parse(Uint8Array.of(...bytesOf("data: "), 0xff, ...bytesOf("\n\n")));
    expect(pieces[0]?.data).toEqual(Uint8Array.of(0xff));
  });

  test("is given up at an event past the bound, and no earlier", () => {
    const parser = new EventStreamParser(32);
    expect(parser.push(bytesOf(`data: 1\n\ndata: ${"x".repeat(20)}`))).toHaveLength(1);
    expect(parser.isTooLong).toBe(false);
    expect(parser.push(bytesOf("x".repeat(20)))).toEqual([]);
    expect(parser.isTooLong).toBe(true);
    expect(parser.push(bytesOf("\n\n"))).toEqual([]);
  });
});
