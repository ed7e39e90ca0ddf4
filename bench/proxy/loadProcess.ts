/** The clients, in a process of their own: connections that each have one call in flight, for a while. */
import { join } from "node:path";
import { Schema } from "effect";
import { startChild } from "../support/childProcess.ts";

const Load = Schema.Struct({
  url: Schema.String,
  /** Streamable HTTP with a session for each, or WebSocket. */
  transport: Schema.Literals(["http", "websocket"]),
  connections: Schema.Int,
});
/** Whom to call, how, and over how many connections. */
export type Load = typeof Load.Type;

/** What the process is told. */
export const Order = Schema.Union([
  Schema.TaggedStruct("Open", { load: Load }),
  Schema.TaggedStruct("Run", {
    milliseconds: Schema.Number,
    /** Of all connections together; without it each call follows at once on the answer before. */
    callsPerSecond: Schema.optionalKey(Schema.Number),
  }),
  Schema.TaggedStruct("Close", {}),
]);

/** What it answers: `seconds` from the first call to the last answer, and how long the calls took. */
export const Done = Schema.Struct({
  calls: Schema.Int,
  seconds: Schema.Number,
  p50: Schema.Number,
  p95: Schema.Number,
  p99: Schema.Number,
});
export type Done = typeof Done.Type;

const isDone = Schema.is(Done);

/** Clients that wait for orders. */
export interface LoadProcess extends AsyncDisposable {
  readonly open: (load: Load) => Promise<Done>;
  readonly run: (milliseconds: number, callsPerSecond?: number) => Promise<Done>;
  readonly close: () => Promise<Done>;
}

/** Starts the process. */
export const startLoad = (): LoadProcess => {
  const child = startChild<typeof Order.Type, Done>(join(import.meta.dir, "load.ts"), isDone);
  const { order } = child;
  return {
    open: (load) => order({ _tag: "Open", load }),
    run: (milliseconds, callsPerSecond) =>
      order({
        _tag: "Run",
        milliseconds,
        ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
      }),
    close: () => order({ _tag: "Close" }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  };
};
