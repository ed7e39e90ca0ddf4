/** What runs in the clients' process. */
import { Schema } from "effect";
import { percentile } from "../support/figures.ts";
import { answerText, callText, firstId, openingTexts } from "./exchange.ts";
import { type Done, type Load, Order } from "./loadProcess.ts";

const decodeOrder = Schema.decodeUnknownSync(Order);

const fail = (why: string): never => {
  console.error(why);
  process.exit(1);
};

interface Client {
  readonly opened: Promise<void>;
  /** Sends a call, and tells when its answer is there. */
  readonly call: (id: number, answered: (text: string) => void) => void;
  readonly close: () => void;
}

const overWebSocket = (url: string): Client => {
  const socket = new WebSocket(url, ["mcp"]);
  const opened = Promise.withResolvers<void>();
  let answered: (text: string) => void = () => opened.resolve();
  socket.onopen = () => {
    for (const text of openingTexts) socket.send(text);
  };
  socket.onmessage = ({ data }) => answered(String(data));
  socket.onclose = ({ code, reason }) => fail(`A connection was closed: ${code} ${reason}`);
  return {
    opened: opened.promise,
    call: (id, then) => {
      answered = then;
      socket.send(callText(id));
    },
    close: () => {
      socket.onclose = null;
      socket.close();
    },
  };
};

const eventData = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line.startsWith("data:") && line.includes("{"))
    .map((line) => line.slice("data:".length).trim())
    .join("\n");

const overHttp = (url: string): Client => {
  const headers = new Headers({
    Accept: "application/json, text/event-stream",
    "Content-Type": "application/json",
  });
  const post = async (body: string): Promise<string> => {
    const response = await fetch(url, { method: "POST", headers, body });
    const session = response.headers.get("mcp-session-id");
    if (session !== null) headers.set("Mcp-Session-Id", session);
    const text = await response.text();
    if (!response.ok) fail(`A request was answered with ${response.status}: ${text}`);
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    return isStream === true ? eventData(text) : text;
  };
  const open = async (): Promise<void> => {
    for (const text of openingTexts) await post(text);
  };
  return {
    opened: open(),
    call: (id, then) => void post(callText(id)).then(then, (error: unknown) => fail(String(error))),
    close: () => void fetch(url, { method: "DELETE", headers }).catch(() => {}),
  };
};

const connect = ({ transport, url }: Load): Client =>
  transport === "http" ? overHttp(url) : overWebSocket(url);

let clients: ReadonlyArray<Client> = [];
let id = firstId;
let times: Array<number> = [];

/** A proxy may write an answer anew; what it says has to be the same. */
const check = (text: string, ofCall: number): void => {
  const expected = answerText(ofCall);
  if (text !== expected && !Bun.deepEquals(JSON.parse(text), JSON.parse(expected))) {
    fail(`This is no answer to call ${ofCall}: ${text}`);
  }
};

/** Answers how many milliseconds there are until the next call of all may be made. */
const makePace = (callsPerSecond: number | undefined, began: number) => {
  let calls = 0;
  return (): number =>
    callsPerSecond === undefined
      ? 0
      : began + (calls++ * 1000) / callsPerSecond - performance.now();
};

const drive = (client: Client, until: number, pace: () => number): Promise<void> =>
  new Promise((resolve) => {
    const next = () => {
      const early = pace();
      if (early > 0) setTimeout(call, early);
      else call();
    };
    const call = () => {
      id += 1;
      const ofCall = id;
      const sent = performance.now();
      client.call(ofCall, (text) => {
        check(text, ofCall);
        const now = performance.now();
        times.push(now - sent);
        if (now < until) next();
        else resolve();
      });
    };
    next();
  });

/** Opens them a few at a time, as no thousand clients come in one instant. */
const open = async (load: Load): Promise<void> => {
  while (clients.length < load.connections) {
    const count = Math.min(16, load.connections - clients.length);
    const more = Array.from({ length: count }, () => connect(load));
    await Promise.all(more.map((client) => client.opened));
    clients = [...clients, ...more];
  }
};

const obey = async (order: typeof Order.Type): Promise<Done> => {
  times = [];
  const started = performance.now();
  switch (order._tag) {
    case "Open":
      await open(order.load);
      break;
    case "Run": {
      const pace = makePace(order.callsPerSecond, started);
      const until = started + order.milliseconds;
      await Promise.all(clients.map((client) => drive(client, until, pace)));
      break;
    }
    case "Close":
      for (const client of clients) client.close();
      clients = [];
  }
  const seconds = (performance.now() - started) / 1000;
  const at = (share: number) => percentile(times, share);
  return { calls: times.length, seconds, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};

process.on("message", (message) => {
  void obey(decodeOrder(message)).then((answer) => process.send?.(answer));
});
