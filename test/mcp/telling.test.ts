// What becomes of those who wait to be told of changes.
import { expect } from "bun:test";
import { Effect } from "effect";
import { anonymous } from "../../src/domain/Principal.ts";
import { makeTelling } from "../../src/mcp/subscriptions/telling.ts";
import { it } from "../support/it.ts";

it.effect("whoever waits for a feed that is given up before it came is let go", () =>
  Effect.gen(function* () {
    const tell = yield* makeTelling({
      tools: new Map(),
      changes: { lists: new Set(), follow: Effect.never },
    });
    const telling = tell(anonymous)({ lists: new Set(), resources: new Map() }, () =>
      Promise.resolve(),
    );
    telling.stop();
    expect(yield* Effect.promise(() => telling.ready)).toBeUndefined();
  }),
);
