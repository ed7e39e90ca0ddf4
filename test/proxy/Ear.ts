// Where reference servers tell what they see; see test/fixtures/witness.ts for the other end.
import { createServer, type Server, type Socket } from "node:net";
import { Schema } from "effect";
import type { Seen } from "../fixtures/witness.ts";

const SeenLine = Schema.fromJsonString(
  Schema.Struct({
    source: Schema.String,
    kind: Schema.Literals(["open", "frame", "http", "gone", "close"]),
    text: Schema.String,
  }),
);
const decodeSeen = Schema.decodeUnknownSync(SeenLine);

/** Hears any number of servers, of which one works at a time. */
export class Ear implements AsyncDisposable {
  readonly seen: Array<Seen> = [];
  /** The sources of frames that are no checks. */
  readonly #clients = new Set<string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();
  readonly #echoes = new Map<string, () => void>();

  private constructor() {
    this.#server = createServer((socket) => this.#listenTo(socket));
  }

  static async open(): Promise<Ear> {
    const ear = new Ear();
    await new Promise<void>((resolve) => ear.#server.listen(0, "127.0.0.1", resolve));
    return ear;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("It does not listen.");
    return address.port;
  }

  /** Waits until all that the servers have seen so far has come here. */
  async settled(): Promise<void> {
    const echoes = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) => {
          const word = crypto.randomUUID();
          const heard = () => {
            this.#echoes.delete(word);
            socket.off("close", heard);
            resolve();
          };
          this.#echoes.set(word, heard);
          socket.once("close", heard);
          socket.write(`${word}\n`);
        }),
    );
    await Promise.all(echoes);
  }

  /**
   * What was seen from a place on of those who said something: without the connections over which the proxy looks after
   * the health of the server, whose messages have an id of their own.
   */
  seenSince(from: number): ReadonlyArray<Seen> {
    return this.seen.slice(from).filter(({ source }) => this.#clients.has(source));
  }

  /** Waits until a client's connection has ended. */
  untilClosed(from: number, millis: number): Promise<boolean> {
    return this.until(
      from,
      ({ kind, source }) => kind === "close" && this.#clients.has(source),
      millis,
    );
  }

  /** Waits until something was seen, from the place on; false when it was not within the time. */
  until(from: number, is: (seen: Seen) => boolean, millis: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(held);
      };
      const look = () => {
        if (this.seen.slice(from).some(is)) settle(true);
      };
      const timer = setTimeout(() => settle(false), millis);
      this.#watchers.add(look);
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #listenTo(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    socket.setEncoding("utf8");
    let parts: Array<string> = [];
    socket.on("data", (chunk) => {
      const lines = String(chunk).split("\n");
      for (const line of lines.slice(0, -1)) {
        this.#line(`${parts.join("")}${line}`);
        parts = [];
      }
      parts.push(lines.at(-1) ?? "");
    });
  }

  #line(line: string): void {
    const echoed = this.#echoes.get(line);
    if (echoed !== undefined) return echoed();
    const seen = decodeSeen(line);
    this.seen.push(seen);
    if (seen.kind === "frame" && !seen.text.includes('"dewey-check"')) {
      this.#clients.add(seen.source);
    }
    for (const watcher of [...this.#watchers]) watcher();
  }
}
