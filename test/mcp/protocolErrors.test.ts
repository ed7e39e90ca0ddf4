import { expect, test } from "bun:test";
import {
  type DeweyError,
  Forbidden,
  Internal,
  InvalidInput,
  NotFound,
  RateLimited,
  TimedOut,
  TooLarge,
  Unavailable,
} from "../../src/domain/Errors.ts";
import { protocolErrorOf, resourceNotFound, withLegacyCode } from "../../src/mcp/protocolErrors.ts";

const codes: ReadonlyArray<readonly [DeweyError, number]> = [
  [new InvalidInput({ message: "No.", details: { path: "a" } }), -32602],
  [new TooLarge({ message: "No." }), -32602],
  [new NotFound({ message: "No." }), -32602],
  [new Internal({ message: "No." }), -32603],
  [new Forbidden({ message: "No." }), -32000],
  [new RateLimited({ message: "No.", details: { retry_after_ms: 5 } }), -32000],
  [new Unavailable({ message: "No." }), -32000],
  [new TimedOut({ message: "No." }), -32000],
];

test.each(codes.map(([error, code]) => [error.code, error, code] as const))(
  "%s",
  (_, error, code) => {
    const answered = protocolErrorOf(error);
    expect(answered).toMatchObject({ code, message: "No.", data: { code: error.code } });
    expect(JSON.stringify(answered.data)).not.toContain("_tag");
  },
);

test("older versions have a code of their own for a missing resource, and for nothing else", () => {
  const message = (code: number, data: unknown) => ({
    jsonrpc: "2.0" as const,
    id: 1,
    error: { code, message: "No.", data },
  });
  const { code, data } = resourceNotFound("a:b");
  expect(withLegacyCode(message(code, data))).toEqual(message(-32002, { uri: "a:b" }));
  for (const other of [message(-32602, { code: "NOT_FOUND", uri: "a:b" }), message(-32000, data)]) {
    expect(withLegacyCode(other)).toBe(other);
  }
  const result = { jsonrpc: "2.0" as const, id: 1, result: {} };
  expect(withLegacyCode(result)).toBe(result);
});
