/** The clients, in a process of their own: connections that each have one call in flight, for a while. */
import { join } from "node:path";
import { Schema } from "effect";
import { startChild } from "../support/childProcess.ts";

const Load = Schema.Struct({
  url: Schema.String,
  tool: Schema.String,
  connections: Schema.Int,
});
/** Whom to call, what, and over how many connections. */
export type Load = typeof Load.Type;

/** What the process is told. */
export const Order = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("Open"), load: Load }),
  Schema.Struct({ _tag: Schema.tag("Run"), milliseconds: Schema.Number }),
  Schema.Struct({ _tag: Schema.tag("Close") }),
]);

/** What it answers: `seconds` is from the first call to the last answer. */
export const Done = Schema.Struct({
  calls: Schema.Int,
  seconds: Schema.Number,
  cpuMicros: Schema.Number,
});
export type Done = typeof Done.Type;

const isDone = Schema.is(Done);

/** Clients that wait for orders. */
export interface LoadProcess extends AsyncDisposable {
  readonly open: (load: Load) => Promise<Done>;
  readonly run: (milliseconds: number) => Promise<Done>;
  readonly close: () => Promise<Done>;
}

/** Starts the process. */
export const startLoad = (): LoadProcess => {
  const child = startChild<typeof Order.Type, Done>(join(import.meta.dir, "load.ts"), isDone);
  const { order } = child;
  return {
    open: (load) => order({ _tag: "Open", load }),
    run: (milliseconds) => order({ _tag: "Run", milliseconds }),
    close: () => order({ _tag: "Close" }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  };
};
