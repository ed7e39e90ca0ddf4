/** A server in a process of its own: how it says where it serves and what it has used, and how it is asked. */
import { Schema } from "effect";

const Ready = Schema.Struct({ url: Schema.String });
const Usage = Schema.Struct({ cpuMicros: Schema.Number, rssBytes: Schema.Number });
export type Usage = typeof Usage.Type;

const isReady = Schema.is(Ready);
const isUsage = Schema.is(Usage);

/** In the server: says where it serves, and answers what asks for its usage. */
export const ready = (url: string): void => {
  process.on("message", (message) => {
    if (message === "settle") Bun.gc(true);
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() });
  });
  process.send?.({ url });
};

/** A running server. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly usage: () => Promise<Usage>;
  /** The same after a collection of garbage. */
  readonly settledUsage: () => Promise<Usage>;
}

/** Starts a server, and waits until it serves. */
export const startServer = async (
  path: string,
  ...args: ReadonlyArray<string>
): Promise<ServerProcess> => {
  const opened = Promise.withResolvers<string>();
  const asked: Array<(usage: Usage) => void> = [];
  const child = Bun.spawn([process.execPath, path, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: unknown) => {
      if (isReady(message)) opened.resolve(message.url);
      else if (isUsage(message)) asked.shift()?.(message);
    },
    onExit: (_child, code) => opened.reject(new Error(`${path} ended with ${code}.`)),
  });
  const ask = (what: "usage" | "settle") => {
    const answered = Promise.withResolvers<Usage>();
    asked.push(answered.resolve);
    child.send(what);
    return answered.promise;
  };
  return {
    url: await opened.promise,
    usage: () => ask("usage"),
    settledUsage: () => ask("settle"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};
