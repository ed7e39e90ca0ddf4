/** What runs in the clients' process. */
import { Schema } from "effect";
import { callText, openingTexts, toolResult } from "./call.ts";
import { type Done, type Load, Order } from "./loadProcess.ts";

const decodeOrder = Schema.decodeUnknownSync(Order);

/** All ids have as many digits, so that all answers are as long as the first one, which was looked at. */
const firstId = 100_000_000;

const atOnce = 64;

const fail = (why: string): never => {
  console.error(why);
  process.exit(1);
};

class Client {
  readonly #tool: string;
  readonly #socket: WebSocket;
  readonly opened: Promise<void>;
  #id = firstId;
  #length = 0;
  #until = 0;
  #finished: () => void = () => {};
  calls = 0;

  constructor({ url, tool }: Load) {
    this.#tool = tool;
    this.#socket = new WebSocket(url, ["mcp"]);
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.#socket.onopen = () => {
      for (const text of openingTexts) this.#socket.send(text);
    };
    this.#socket.onmessage = ({ data }) => {
      if (String(data).includes('"id":0')) {
        this.#socket.onmessage = (event) => this.#answered(String(event.data));
        opened.resolve();
      }
    };
    this.#socket.onclose = ({ code, reason }) => fail(`A connection was closed: ${code} ${reason}`);
  }

  run(milliseconds: number): Promise<void> {
    this.calls = 0;
    this.#until = performance.now() + milliseconds;
    this.#call();
    return new Promise((resolve) => {
      this.#finished = resolve;
    });
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #call(): void {
    this.#id += 1;
    this.#socket.send(callText(this.#id, this.#tool));
  }

  #answered(text: string): void {
    if (text.length !== this.#length) this.#check(text);
    this.calls += 1;
    if (performance.now() < this.#until) this.#call();
    else this.#finished();
  }

  #check(text: string): void {
    const expected = { jsonrpc: "2.0", id: this.#id, result: toolResult };
    if (!Bun.deepEquals(JSON.parse(text), expected)) fail(`This is no answer: ${text}`);
    this.#length = text.length;
  }
}

let clients: ReadonlyArray<Client> = [];

/** Opens them a few at a time, as no thousand clients come in one instant. */
const open = async (load: Load): Promise<void> => {
  while (clients.length < load.connections) {
    const count = Math.min(atOnce, load.connections - clients.length);
    const more = Array.from({ length: count }, () => new Client(load));
    await Promise.all(more.map((client) => client.opened));
    clients = [...clients, ...more];
  }
};

const obey = async (order: typeof Order.Type): Promise<Done> => {
  const started = performance.now();
  const before = process.cpuUsage();
  switch (order._tag) {
    case "Open":
      await open(order.load);
      break;
    case "Run":
      await Promise.all(clients.map((client) => client.run(order.milliseconds)));
      break;
    case "Close":
      for (const client of clients) client.close();
      clients = [];
  }
  const { user, system } = process.cpuUsage(before);
  return {
    calls: order._tag === "Run" ? clients.reduce((sum, { calls }) => sum + calls, 0) : 0,
    seconds: (performance.now() - started) / 1000,
    cpuMicros: user + system,
  };
};

process.on("message", (message) => {
  void obey(decodeOrder(message)).then((answer) => process.send?.(answer));
});
