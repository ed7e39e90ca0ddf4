// Plays a script with a raw client, and keeps what both ends saw.

import { isRecord } from "../fixtures/records.ts";
import type { Seen } from "../fixtures/witness.ts";
import type { Ear } from "./Ear.ts";
import { onlySent, type RawClient, type Sending } from "./RawClient.ts";
import type { Step } from "./scripts.ts";

/** What the client saw while it waited for one step. */
export interface Heard {
  readonly step: string;
  /** Of the request, in order. */
  readonly frames: ReadonlyArray<string>;
  /** Of no request, in order: over HTTP they come on a stream of their own, at any time. */
  readonly unasked: ReadonlyArray<string>;
}

/** What both ends saw. */
export interface Transcript {
  readonly heard: ReadonlyArray<Heard>;
  readonly heads: ReadonlyArray<string>;
  /** Whether the server's side ended the connection before the client did. */
  readonly isEnded: boolean;
  readonly seen: ReadonlyArray<Seen>;
}

const objectOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
};

const isUnasked = (text: string) => text.includes(`"fixture":"unasked"`);

/** Whether it asks the client; the text is scanned only where it may. */
const isQuestion = (text: string) => {
  if (text.length > 100_000) return false;
  const { id, method } = objectOf(text);
  return id !== undefined && method !== undefined;
};

const isAnswerTo = (text: string, id: string) => {
  if (!text.includes(id)) return false;
  const { id: answered, method } = objectOf(text);
  return method === undefined && JSON.stringify(answered) === id;
};

const isLetGo = ({ kind, text }: Seen) =>
  kind === "gone" || (kind === "frame" && text.includes('"notifications/cancelled"'));

/** Sends a frame; who does not take it within the time is not waited for. */
const sendWithin = (
  client: RawClient,
  millis: number,
  text: string,
  headers?: Step["headers"],
): Promise<Sending> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      client.inbox.head("not taken");
      resolve(onlySent);
    }, millis);
    client
      .send(text, headers)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });

/** After so many steps whose answer did not come, the others are left out, which is a difference too. */
const mostMisses = 3;

/** How long is waited for what should come at once, on a machine with much else to do too: past it, it is missing. */
const defaultPatience = 15_000;

/** Connects a client and plays the steps in turn. The client has gone at the end, and with it its connection to the server, if it has one. */
export const play = async (
  connect: () => Promise<RawClient>,
  steps: ReadonlyArray<Step>,
  ear: Ear,
  options: { readonly isSession: boolean; readonly patience?: number },
): Promise<Transcript> => {
  const { isSession, patience = defaultPatience } = options;
  await ear.settled();
  const from = ear.seen.length;
  const client = await connect();
  const { inbox } = client;
  const send = (text: string, headers?: Step["headers"]) =>
    sendWithin(client, patience, text, headers);
  const heard: Array<Heard> = [];
  let misses = 0;

  for (const step of steps) {
    // Whoever answers nothing is not asked for everything.
    if (misses >= mostMisses) break;
    const start = inbox.frames.length;
    const came = () => inbox.frames.slice(start);
    const related = () => came().filter((frame) => !isUnasked(frame));
    const sending = await send(step.text, step.headers);

    for (const reply of step.replies ?? []) {
      const asked = step.replies?.indexOf(reply) ?? 0;
      await inbox.until(() => related().filter(isQuestion).length > asked, patience);
      const { id } = objectOf(related().filter(isQuestion)[asked] ?? "{}");
      await send(reply.replace("«id»", () => JSON.stringify(id) ?? "null"));
    }

    const { id, meanwhile, unasked = 0 } = step;
    if (meanwhile !== undefined)
      await inbox.until(() => related().length >= meanwhile.after, patience);
    if (meanwhile !== undefined && "breakOffAndSend" in meanwhile) {
      await sending.breakOff();
      await send(meanwhile.breakOffAndSend);
    }
    if (meanwhile !== undefined && "cancel" in meanwhile) {
      const before = ear.seen.length;
      if (!sending.abandon()) await send(meanwhile.cancel);
      await ear.until(before, isLetGo, patience);
    } else {
      const isOver = () =>
        inbox.isEnded ||
        (step.isEnd !== true &&
          came().length - related().length >= unasked &&
          (id !== undefined
            ? related().some((frame) => isAnswerTo(frame, id))
            : step.isNoMessage !== true || related().length > 0));
      if (!(await inbox.until(isOver, patience))) misses += 1;
    }
    heard.push({ step: step.name, frames: related(), unasked: came().filter(isUnasked) });
  }

  const { isEnded } = inbox;
  await client.close();
  if (isSession) await ear.untilClosed(from, patience);
  await ear.settled();
  return { heard, heads: [...inbox.heads], isEnded, seen: ear.seenSince(from) };
};
