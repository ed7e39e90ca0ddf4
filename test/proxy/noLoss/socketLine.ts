// A session over a WebSocket.
import type { Line, LineOptions } from "./Client.ts";
import { keyOf } from "./frames.ts";

/** Opens one. */
export const openSocketLine = (
  address: string,
  { closed, log, opened, received }: LineOptions,
): Line => {
  const socket = new WebSocket(`ws://${address}`);
  socket.binaryType = "nodebuffer";
  const stream: Array<string> = [];
  log.received.push(stream);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", ({ data }: MessageEvent<string | Uint8Array>) =>
    received(keyOf(data), stream),
  );
  socket.addEventListener("close", closed);
  return {
    close: () => socket.close(),
    send: (frame) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      log.sent.push(keyOf(frame));
      socket.send(frame);
    },
  };
};
