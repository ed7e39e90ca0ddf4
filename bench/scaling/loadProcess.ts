/** The clients, in a process of their own: WebSockets that each have one store in flight, for a while. */
import { join } from "node:path";
import { Schema } from "effect";
import { startChild } from "../support/childProcess.ts";

/** Whom to call, over how many connections in all, and for how long; the first quarter more is not counted. */
export const Order = Schema.Struct({
  urls: Schema.Array(Schema.String),
  clients: Schema.Int,
  milliseconds: Schema.Number,
});
export type Order = typeof Order.Type;

/** What came of it; times are milliseconds. */
export const Done = Schema.Struct({
  stores: Schema.Int,
  seconds: Schema.Number,
  p50: Schema.Number,
  p99: Schema.Number,
});
export type Done = typeof Done.Type;

const isDone = Schema.is(Done);

/** Clients that wait for orders. */
export interface LoadProcess extends AsyncDisposable {
  readonly run: (order: Order) => Promise<Done>;
}

/** Starts the process. */
export const startLoad = (): LoadProcess => {
  const child = startChild<Order, Done>(join(import.meta.dir, "load.ts"), isDone);
  return { run: child.order, [Symbol.asyncDispose]: child[Symbol.asyncDispose] };
};
