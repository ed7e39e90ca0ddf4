// What the effect tests rely on: failures fail, a slow test is interrupted, its resources are freed.
import { expect, test } from "bun:test";
import { Cause, Data, Effect } from "effect";
import { it, runTest } from "./it.ts";

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

const rejection = (body: Parameters<typeof runTest>[0], timeout = 5000): Promise<unknown> =>
  runTest(body, timeout).then(
    () => undefined,
    (error: unknown) => error,
  );

it.effect("runs an effect with a scope of its own", () =>
  Effect.gen(function* () {
    const freed: Array<string> = [];
    const resource = Effect.acquireRelease(Effect.succeed("open"), () =>
      Effect.sync(() => freed.push("closed")),
    );
    const inner = Effect.promise(() => runTest(() => resource, 5000));
    yield* inner;
    expect(freed).toEqual(["closed"]);
  }),
);

test("a failure rejects with the error", async () => {
  expect(await rejection(() => Effect.fail(new Refused({ message: "no" })))).toMatchObject({
    message: "no",
  });
});

test("a failed expectation keeps its own error", async () => {
  const error = await rejection(() => Effect.sync(() => expect(1).toBe(2)));
  expect(String(error)).toContain("Expected: 2");
});

test("an exception before the effect is there rejects too", async () => {
  const fault = new Error("thrown");
  const error = await rejection(() => {
    throw fault;
  });
  expect(error).toBe(fault);
});

test("several failures are all told", async () => {
  const both = Effect.failCause(
    Cause.combine(Cause.fail(new Refused({ message: "one" })), Cause.die(new Error("two"))),
  );
  const error = await rejection(() => both);
  expect(String(error)).toContain("one");
  expect(String(error)).toContain("two");
});

test("a slow test is interrupted, and its finalizers have run when it fails", async () => {
  let freed = false;
  const error = await rejection(
    () =>
      Effect.acquireRelease(Effect.void, () =>
        Effect.sync(() => {
          freed = true;
        }).pipe(Effect.delay("20 millis")),
      ).pipe(Effect.andThen(Effect.never)),
    20,
  );
  expect(String(error)).toContain("longer than 20 ms");
  expect(freed).toBe(true);
});
