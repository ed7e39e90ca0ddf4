import { expect, test } from "bun:test";
import { Schema } from "effect";
import { errorBody } from "../../src/domain/ErrorBody.ts";
import { DeweyError } from "../../src/domain/Errors.ts";

const decode = Schema.decodeUnknownSync(DeweyError);
const encode = Schema.encodeSync(DeweyError);

/** The codes of the contract, and whether a call that failed so may be repeated as it is. */
const codes = {
  INVALID_INPUT: ["InvalidInput", false],
  NOT_FOUND: ["NotFound", false],
  CONFLICT: ["Conflict", false],
  TOO_LARGE: ["TooLarge", false],
  CONFIRMATION_REQUIRED: ["ConfirmationRequired", false],
  RATE_LIMITED: ["RateLimited", true],
  UNAUTHENTICATED: ["Unauthenticated", false],
  FORBIDDEN: ["Forbidden", false],
  UNAVAILABLE: ["Unavailable", true],
  TIMEOUT: ["TimedOut", true],
  INTERNAL: ["Internal", false],
} as const;

test.each(Object.entries(codes))(
  "%s crosses a wire, and shows its fields alone",
  (code, [_tag, retryable]) => {
    const message = "Do this instead.";
    for (const details of [undefined, { path: "a", limit: 1, retry_after_ms: 5 }]) {
      const wire = {
        _tag,
        code,
        retryable,
        message,
        ...(details === undefined ? {} : { details }),
      };
      const error = decode(wire);
      expect(error._tag).toBe(_tag);
      expect<unknown>(encode(error)).toEqual(wire);
      expect(errorBody(error)).toEqual({
        code: error.code,
        message,
        retryable,
        ...(details === undefined ? {} : { details }),
      });
      expect(errorBody(error)).not.toHaveProperty("_tag");
    }
  },
);

test("there are no other codes", () => {
  expect(DeweyError.members).toHaveLength(Object.keys(codes).length);
});
