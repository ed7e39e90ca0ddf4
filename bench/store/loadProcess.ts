/** The clients, in a process of their own: each has one store in flight, through the door or as a statement. */
import { join } from "node:path";
import { Schema } from "effect";
import { startChild } from "../support/childProcess.ts";

const Login = Schema.Struct({
  host: Schema.String,
  port: Schema.Int,
  user: Schema.String,
  password: Schema.optionalKey(Schema.String),
  database: Schema.String,
});
/** How a statement reaches its database. */
export type Login = typeof Login.Type;

const Load = Schema.Struct({
  target: Schema.Union([
    Schema.Struct({ _tag: Schema.tag("Door"), url: Schema.String }),
    Schema.Struct({ _tag: Schema.tag("Statements"), login: Login }),
  ]),
  clients: Schema.Int,
  /** How many messages go in one call; 1 is the tool for one of them, or the statement for one. */
  rows: Schema.Int,
  /** All clients write into one conversation, instead of one each. */
  hot: Schema.Boolean,
});
/** Who stores what, and where. */
export type Load = typeof Load.Type;

/** What the process is told: to open a load, to run it for a while or for so many messages, to close it. */
export const Order = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("Open"), load: Load }),
  Schema.Struct({ _tag: Schema.tag("Run"), milliseconds: Schema.Number }),
  Schema.Struct({ _tag: Schema.tag("Fill"), messages: Schema.Int }),
  Schema.Struct({ _tag: Schema.tag("Close") }),
]);

/** What came of it; times are milliseconds, and rows those that were acknowledged. */
export const Done = Schema.Struct({
  conversations: Schema.Array(Schema.String),
  rows: Schema.Int,
  seconds: Schema.Number,
  p50: Schema.Number,
  p95: Schema.Number,
  p99: Schema.Number,
  longest: Schema.Number,
  errors: Schema.Int,
  cpuMicros: Schema.Number,
});
export type Done = typeof Done.Type;

const isDone = Schema.is(Done);

/** Clients that wait for orders. */
export interface LoadProcess extends AsyncDisposable {
  /** Answers with the conversations that are written into. */
  readonly open: (load: Load) => Promise<Done>;
  readonly run: (milliseconds: number) => Promise<Done>;
  /** Stores at least so many messages. */
  readonly fill: (messages: number) => Promise<Done>;
  readonly close: () => Promise<Done>;
}

/** Starts the process. */
export const startLoad = (): LoadProcess => {
  const child = startChild<typeof Order.Type, Done>(join(import.meta.dir, "load.ts"), isDone);
  const { order } = child;
  return {
    open: (load) => order({ _tag: "Open", load }),
    run: (milliseconds) => order({ _tag: "Run", milliseconds }),
    fill: (messages) => order({ _tag: "Fill", messages }),
    close: () => order({ _tag: "Close" }),
    [Symbol.asyncDispose]: child[Symbol.asyncDispose],
  };
};
