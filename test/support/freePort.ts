// A port for a server that is told where to listen instead of choosing by itself.

/** A port of loopback that nobody listens on at the moment. */
export const freePort = (): number => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
};
