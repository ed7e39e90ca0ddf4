/** Clients of a Dewey, as fast as they are answered or at a fixed rate; all times are milliseconds. */
import { openSession } from "../store/door.ts";

type Session = Awaited<ReturnType<typeof openSession>>;

/** One call of a client: fails where it was answered with an error. */
export type Call = (session: Session) => Promise<unknown>;

/** Sessions that are open already. */
export type Clients = ReadonlyArray<Session>;

/** Opens so many sessions. */
export const openClients = (url: string, count: number): Promise<Clients> =>
  Promise.all(Array.from({ length: count }, () => openSession(url)));

const answered = async (answer: Promise<string>): Promise<void> => {
  const text = await answer;
  if (!text.includes('"structuredContent":')) throw new Error(`An error: ${text.slice(0, 500)}`);
};

/** A search, as its arguments. */
export const searchFor =
  (input: Readonly<Record<string, unknown>>): Call =>
  (session) =>
    answered(session.call("dewey_search", JSON.stringify(input)));

/** A message for a conversation. */
export const storing =
  (conversation_id: string, content: string): Call =>
  (session) =>
    answered(
      session.call(
        "dewey_store_message",
        JSON.stringify({ conversation_id, role: "user", content }),
      ),
    );

/** Each client calls again as soon as it is answered, for so long, and at least once. */
export const asFastAsTheyCan = async (
  clients: Clients,
  milliseconds: number,
  next: () => Call,
): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = [];
  const end = performance.now() + milliseconds;
  await Promise.all(
    clients.map(async (client) => {
      do {
        const begin = performance.now();
        await next()(client);
        times.push(performance.now() - begin);
      } while (performance.now() < end);
    }),
  );
  return times;
};

/**
 * So many calls a second, until told to stop. A time counts from when the call was due, so that a call which waited for
 * one before it does not look fast.
 */
export const atRate = async (
  clients: Clients,
  perSecond: number,
  next: () => Call,
  stop: AbortSignal,
): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = [];
  const period = (1000 * clients.length) / perSecond;
  const begin = performance.now();
  await Promise.all(
    clients.map(async (client, index) => {
      for (let due = begin + (period * index) / clients.length; !stop.aborted; due += period) {
        const wait = due - performance.now();
        if (wait > 0) await Bun.sleep(wait);
        if (stop.aborted) return;
        await next()(client);
        times.push(performance.now() - due);
      }
    }),
  );
  return times;
};
