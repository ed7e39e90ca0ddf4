// A way to the run's Postgres that can be cut: what passes through it is the server's own, and a
// cut is what a client sees of a server that has gone away.
import { createConnection, createServer, type Socket } from "node:net";
import { testCluster } from "./testCluster.ts";

/** A relay on a port of its own. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

/** Opens a relay to the run's server. */
export const openRelay = async (): Promise<Relay> => {
  const { host, port: serverPort } = await testCluster();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = host.startsWith("/")
      ? createConnection(`${host}/.s.PGSQL.${serverPort}`)
      : createConnection(serverPort, host);
    for (const [one, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => peer.destroy());
      one.on("close", () => {
        sockets.delete(one);
        peer.destroy();
      });
      one.pipe(peer);
    }
  });
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  const cut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const port = await listen(0);
  return {
    port,
    cut,
    restore: async () => void (await listen(port)),
    [Symbol.asyncDispose]: cut,
  };
};
