// A way to a server that can be cut: what passes through it is the server's own, and a cut is what both ends see of one
// that has gone away.
import { createConnection, createServer, type Socket } from "node:net";
import { testCluster } from "./testCluster.ts";

/** A relay on a port of its own. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
  /** Ends those connections that are picked, both ends at once, and goes on taking new ones. */
  readonly sever: (isPicked: () => boolean) => void;
  /** Passes nothing on any more on the connections there are, and ends none: what a dropped route looks like. */
  readonly swallow: () => void;
}

/** Opens a relay to wherever `connect` leads when a client comes. */
export const openRelayTo = async (connect: () => Socket): Promise<Relay> => {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect();
    clients.add(client);
    client.on("close", () => clients.delete(client));
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
    sever: (isPicked) => {
      for (const client of clients) if (isPicked()) client.destroy();
    },
    swallow: () => {
      for (const socket of sockets) socket.unpipe().resume();
    },
    [Symbol.asyncDispose]: cut,
  };
};

/** Opens a relay to the run's Postgres. */
export const openRelay = async (): Promise<Relay> => {
  const { host, port } = await testCluster();
  return openRelayTo(() =>
    host.startsWith("/")
      ? createConnection(`${host}/.s.PGSQL.${port}`)
      : createConnection(port, host),
  );
};
