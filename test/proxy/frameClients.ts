// Raw clients over the wires that carry one frame at a time: WebSocket, the lines of a process, and the transport of
// 2024-11-05.
import { linesOf } from "../support/lines.ts";
import { eventsOf } from "./eventStreams.ts";
import { Inbox, onlySent, type RawClient } from "./RawClient.ts";

type Headers = Readonly<Record<string, string>>;

/** A client that may also go without a closing handshake. */
export interface SocketClient extends RawClient {
  readonly sendBytes: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly die: () => void;
}

/** Opens a WebSocket. */
export const connectWebSocket = async (
  url: string,
  headers: Headers = {},
): Promise<SocketClient> => {
  const inbox = new Inbox();
  const socket = new WebSocket(url, { protocols: ["mcp"], headers: { ...headers } });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) =>
    inbox.frame(typeof data === "string" ? data : `(bytes) ${Buffer.from(data).toString("hex")}`),
  );
  socket.addEventListener("close", () => inbox.ended());
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`${url} cannot be connected to.`)));
  });
  return {
    inbox,
    send: async (text) => {
      socket.send(text);
      return onlySent;
    },
    close: async () => {
      socket.close(1000);
      await inbox.until(() => inbox.isEnded, 2000);
    },
    sendBytes: (bytes) => socket.send(bytes),
    die: () => socket.terminate(),
  };
};

/** Starts a program that speaks lines. */
export const runLines = (
  command: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
): RawClient => {
  const inbox = new Inbox();
  const { HOME = "", PATH = "", TMPDIR = "/tmp" } = process.env;
  const child = Bun.spawn([...command], {
    env: { HOME, PATH, TMPDIR, ...environment },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const read = async () => {
    for await (const line of linesOf(child.stdout)) inbox.frame(line);
    inbox.ended();
  };
  const reading = read();
  return {
    inbox,
    send: async (text) => {
      void child.stdin.write(`${text.replaceAll(/\r?\n/g, " ")}\n`);
      await child.stdin.flush();
      return onlySent;
    },
    close: async () => {
      await child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 25_000);
      await Promise.all([child.exited, reading]);
      clearTimeout(timer);
    },
  };
};

/** Opens the event stream, and posts to the address that it names. */
export const connectEvents = async (url: string, headers: Headers = {}): Promise<RawClient> => {
  const inbox = new Inbox();
  const controller = new AbortController();
  const { body } = await fetch(url, {
    headers: { accept: "text/event-stream", ...headers },
    signal: controller.signal,
  });
  if (body === null) throw new Error(`${url} has no event stream.`);
  const events = eventsOf(body);
  const first = await events.next();
  if (first.done === true) throw new Error(`${url} ended before its first event.`);
  const address = new URL(first.value.data, url);
  const read = async () => {
    for await (const { data } of events) inbox.frame(data);
  };
  const reading = read().then(
    () => inbox.ended(),
    () => inbox.ended(),
  );
  return {
    inbox,
    send: async (text) => {
      const response = await fetch(address, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: text,
      });
      await response.body?.cancel();
      return onlySent;
    },
    close: async () => {
      controller.abort();
      await reading;
    },
  };
};
