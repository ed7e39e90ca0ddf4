// The recorder while the database is away: it waits, and afterwards everything is there, once and in order.
import { afterAll, expect, test } from "bun:test";
import { Effect } from "effect";
import { call, dataFolder, makeTraffic, openRecording, said } from "../support/recording.ts";
import { openRelay } from "../support/relay.ts";
import { openDatabase } from "../support/tools.ts";

const db = await openDatabase();
afterAll(() => db.drop());

test("waits while the database is away, and loses nothing", async () => {
  await using folder = await dataFolder();
  await using relay = await openRelay();
  const recording = await openRecording(
    { ...db.address, host: "127.0.0.1", port: relay.port },
    folder.path,
  );
  const { journal, drained, logs } = recording;
  const sessions = Array.from({ length: 12 }, () => makeTraffic(journal.append));
  let id = 0;
  const talk = async (rounds: number) => {
    for (const end = id + rounds; id < end; id++) {
      for (const session of sessions) {
        session.toUpstream(call(id, "echo", { id }));
        session.toClient(said(id, "echo"));
      }
      await Effect.runPromise(journal.flush);
    }
  };
  const isLogged = (text: string) => logs.some((line) => line.includes(text));

  await talk(20);
  for (let outage = 0; outage < 3; outage++) {
    await relay.cut();
    await talk(20);
    await drainedOrAway();
    expect(journal.state().entries).toBeGreaterThan(0);
    await relay.restore();
    await talk(5);
  }
  await drained();
  expect(isLogged("Recording waits, and nothing is lost")).toBe(true);
  expect(isLogged("Recording goes on")).toBe(true);
  expect(journal.state().entries).toBe(0);

  const frames = await db.rows(
    "SELECT conversation_id::text AS stream, id::text FROM frames ORDER BY conversation_id, sequence",
  );
  for (const session of sessions) {
    const own = frames.filter(({ stream }) => stream === session.id).map(({ id: frame }) => frame);
    expect(own).toEqual(
      session.entries.flatMap((entry) => (entry._tag === "Frame" ? [entry.id] : [])),
    );
  }
  const [calls] = await db.rows(
    "SELECT count(*)::int AS count FROM tool_calls WHERE status = 'success'",
  );
  expect(calls).toEqual({ count: sessions.length * id });
  await recording.close();

  /** Waits until the recorder has noticed. */
  async function drainedOrAway() {
    while (!isLogged("The database is away")) await Bun.sleep(5);
  }
}, 30_000);
