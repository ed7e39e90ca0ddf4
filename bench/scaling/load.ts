/** What runs in the clients' process. */
import { Schema } from "effect";
import { percentile } from "../support/figures.ts";
import { type Done, Order } from "./loadProcess.ts";

const decodeOrder = Schema.decodeUnknownSync(Order);

const Answer = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.Int,
    result: Schema.Struct({
      isError: Schema.optionalKey(Schema.Boolean),
      structuredContent: Schema.optionalKey(
        Schema.Struct({
          conversation_id: Schema.optionalKey(Schema.String),
          turn_number: Schema.optionalKey(Schema.Int),
        }),
      ),
    }),
  }),
);
const decodeAnswer = Schema.decodeUnknownSync(Answer);

const content =
  "We decided to keep the old path for a week, and to take it out once the dashboards stay green.";

const fail = (why: string): never => {
  console.error(why);
  process.exit(1);
};

/** A session over a WebSocket with a conversation of its own, which has one request in flight. */
class Client {
  readonly #socket: WebSocket;
  #id = 0;
  #answered: (text: string) => void = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(url, ["mcp"]);
    this.#socket.onmessage = ({ data }) => this.#answered(String(data));
    this.#socket.onclose = ({ code, reason }) => fail(`A connection was closed: ${code} ${reason}`);
  }

  async open(): Promise<string> {
    await new Promise((resolve) => {
      this.#socket.onopen = resolve;
    });
    await this.#request("initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "bench", version: "1.0.0" },
    });
    this.#socket.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    const { conversation_id } = await this.#call("dewey_begin_conversation", {});
    return conversation_id ?? fail("A conversation without an id.");
  }

  /** Stores until it is time, and hands out how long each store took. */
  async store(conversation_id: string, until: number, took: (millis: number) => void) {
    for (let turn = 1; performance.now() < until; turn++) {
      const sent = performance.now();
      const { turn_number } = await this.#call("dewey_store_message", {
        conversation_id,
        role: "user",
        content,
      });
      took(performance.now() - sent);
      if (turn_number !== turn) fail(`Turn ${turn} became ${turn_number}.`);
    }
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #request(method: string, params: object): Promise<string> {
    this.#id += 1;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#answered = resolve;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id: this.#id, method, params }));
    return promise;
  }

  async #call(name: string, input: object) {
    const text = await this.#request("tools/call", { name, arguments: input });
    const { result } = decodeAnswer(text);
    return result.structuredContent === undefined || result.isError === true
      ? fail(`This is no answer: ${text}`)
      : result.structuredContent;
  }
}

const obey = async ({ urls, clients: count, milliseconds }: Order): Promise<Done> => {
  const clients = Array.from(
    { length: count },
    (_, index) => new Client(urls[index % urls.length] ?? ""),
  );
  const conversations = await Promise.all(clients.map((client) => client.open()));
  const warm = performance.now() + milliseconds / 4;
  const times: Array<number> = [];
  const took = (millis: number) => {
    if (performance.now() > warm) times.push(millis);
  };
  await Promise.all(
    clients.map((client, index) =>
      client.store(conversations[index] ?? "", warm + milliseconds, took),
    ),
  );
  const seconds = (performance.now() - warm) / 1000;
  for (const client of clients) client.close();
  const at = (share: number) => percentile(times, share);
  return { stores: times.length, seconds, p50: at(0.5), p99: at(0.99) };
};

process.on("message", (message) => {
  void obey(decodeOrder(message)).then((answer) => process.send?.(answer));
});
