// A server of this process that can be killed and started again on its port.
import type { Server } from "bun";
import type { Upstream } from "./Upstream.ts";

/** Starts one by what serves a port; `forget` drops what a server knew before it is killed. */
export const restartable = <Data>(
  serve: (port: number) => Server<Data>,
  forget: () => void = () => {},
): Omit<Upstream, "connections"> => {
  let running = serve(0);
  const port = running.port ?? 0;
  const kill = async () => {
    forget();
    await running.stop(true);
  };
  return {
    port,
    kill,
    start: () => {
      running = serve(port);
    },
    [Symbol.asyncDispose]: kill,
  };
};
