// Clients that read only when they are told to: plain TCP sockets that speak WebSocket or HTTP.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.setMaxListeners(0);
  await once(socket, "connect");
  return socket;
};

const hasHead = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    let text = "";
    const take = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      socket.off("data", take);
      socket.pause();
      resolve();
    };
    socket.on("data", take);
  });

/** A masked frame with a mask of zeros, which leaves the text as it is. */
const frameOf = (text: string): Buffer => {
  const payload = Buffer.from(text);
  const head = payload.length < 65_536 ? Buffer.alloc(8) : Buffer.alloc(14);
  head[0] = 0x81;
  if (payload.length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
};

/** A connection whose answers nobody reads until `readAll`. */
export interface Unread extends Disposable {
  /** Resolves when the socket has taken it, or the other side has closed. */
  readonly send: (text: string) => Promise<void>;
}

const unread = (socket: Socket, encode: (text: string) => Buffer | string): Unread => ({
  send: async (text) => {
    if (socket.destroyed || socket.write(encode(text))) return;
    await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
  },
  [Symbol.dispose]: () => socket.destroy(),
});

/** A WebSocket past its handshake. */
export const openWebSocket = async (port: number, path: string): Promise<Unread> => {
  const socket = await open(port);
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "\r\n",
    ].join("\r\n"),
  );
  await hasHead(socket);
  return unread(socket, frameOf);
};

/** A connection on which each text is a POST to the path. */
export const openHttp = async (
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Unread> => {
  const socket = await open(port);
  socket.pause();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const encode = (text: string) =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${lines.join("")}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  return unread(socket, encode);
};
