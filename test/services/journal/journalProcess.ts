// A process with a journal, to be killed. `write`: appends frames for ever, some a turn, and prints the number of each
// once it was kept. `take`: prints the ids of the abandoned journals that it got, and holds them. `look`: looks for them
// for ever, as one that has nothing else to do.
import { writeSync } from "node:fs";
import { Effect } from "effect";
import { Journal } from "../../../src/services/Journal.ts";
import { frameOf } from "./entries.ts";

const [, , mode, dataDir = "", sync] = process.argv;

/** Any moment is as good as another to be killed at. */
const below = (bound: number) => Math.floor(Math.random() * bound);

const write = Effect.gen(function* () {
  const journal = yield* Journal;
  const stream = Bun.randomUUIDv7();
  let number = 0;
  writeSync(1, `journal ${journal.own.id}\n`);
  while (true) {
    const perTurn = 1 + below(32);
    yield* Effect.callback<void>((resume) => {
      for (let count = 1; count <= perTurn; count++) {
        const own = ++number;
        const size = below(50) === 0 ? 300_000 : 200;
        journal.append(frameOf(stream, `${own} ${"x".repeat(size)}`), (kept) => {
          if (kept) writeSync(1, `${own}\n`);
          if (count === perTurn) resume(Effect.void);
        });
      }
    });
  }
});

const take = Effect.gen(function* () {
  const journal = yield* Journal;
  const found = yield* journal.abandoned;
  writeSync(1, `taken ${found.map(({ id }) => id).join(" ")}\n`);
  return yield* Effect.never;
});

const look = Effect.gen(function* () {
  const journal = yield* Journal;
  writeSync(1, "looking\n");
  while (true) {
    yield* Effect.scoped(journal.abandoned);
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
  }
});

await Effect.runPromise(
  (mode === "write" ? write : mode === "look" ? look : take).pipe(
    Effect.scoped,
    Effect.provide(
      Journal.layer({ dataDir, sync: sync === "full" ? "full" : "normal", limitBytes: 1e10 }),
    ),
  ),
);
