/** What runs in the clients' process. */
import { Schema } from "effect";
import { percentile } from "../support/figures.ts";
import type { StoreClient } from "./client.ts";
import * as Door from "./door.ts";
import { type Done, type Load, Order } from "./loadProcess.ts";
import * as Statements from "./statements.ts";
import { makeTexts, type Text } from "./texts.ts";

const decodeOrder = Schema.decodeUnknownSync(Order);

interface Opened {
  readonly clients: ReadonlyArray<StoreClient>;
  readonly conversations: ReadonlyArray<string>;
  readonly rows: number;
}

/** How many connect at a time, as no thousand clients come in one instant. */
const atOnce = 32;

const texts = makeTexts(5000);
let nextText = 0;

const takeTexts = (rows: number): ReadonlyArray<Text> => {
  if (nextText + rows > texts.length) nextText = 0;
  const taken = texts.slice(nextText, nextText + rows);
  nextText += rows;
  return taken;
};

const open = async ({ target, clients: count, rows, hot }: Load): Promise<Opened> => {
  const conversations =
    target._tag === "Door"
      ? await Door.beginConversations(target.url, hot ? 1 : count)
      : await Statements.beginConversations(target.login, hot ? 1 : count);
  const clients: Array<StoreClient> = [];
  while (clients.length < count) {
    const more = Array.from({ length: Math.min(atOnce, count - clients.length) }, () =>
      target._tag === "Door" ? Door.openDoor(target.url) : Statements.openStatements(target.login),
    );
    clients.push(...(await Promise.all(more)));
  }
  return { clients, conversations, rows };
};

interface Tally {
  readonly times: Array<number>;
  rows: number;
  errors: number;
}

/** Stores, one call after the other, until there is enough. */
const drive = async (
  client: StoreClient,
  conversation: string,
  rows: number,
  tally: Tally,
  enough: (now: number) => boolean,
): Promise<void> => {
  let now = performance.now();
  while (!enough(now)) {
    const sent = now;
    const isStored = await client.store(conversation, takeTexts(rows));
    now = performance.now();
    tally.times.push(now - sent);
    if (isStored) tally.rows += rows;
    else tally.errors += 1;
  }
};

let opened: Opened = { clients: [], conversations: [], rows: 1 };

const driveAll = (tally: Tally, enough: (now: number) => boolean) =>
  Promise.all(
    opened.clients.map((client, index) => {
      const conversation = opened.conversations[index % opened.conversations.length] ?? "";
      return drive(client, conversation, opened.rows, tally, enough);
    }),
  );

const obey = async (order: typeof Order.Type): Promise<Done> => {
  const tally: Tally = { times: [], rows: 0, errors: 0 };
  const started = performance.now();
  const before = process.cpuUsage();
  switch (order._tag) {
    case "Open":
      opened = await open(order.load);
      break;
    case "Run":
      await driveAll(tally, (now) => now - started >= order.milliseconds);
      break;
    case "Fill":
      await driveAll(tally, () => tally.rows >= order.messages);
      break;
    case "Close":
      await Promise.all(opened.clients.map((client) => client.close()));
      opened = { clients: [], conversations: [], rows: 1 };
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const at = (share: number) => percentile(tally.times, share);
  return {
    conversations: opened.conversations,
    rows: tally.rows,
    seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(1),
    errors: tally.errors,
    cpuMicros: user + system,
  };
};

process.on("message", (message) => {
  obey(decodeOrder(message)).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
