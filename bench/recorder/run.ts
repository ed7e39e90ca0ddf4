/**
 * Prints how many frames a second the recorder moves from a full journal into the database, with the messages and tool
 * calls that it derives, beside multi-row inserts that are written by hand: of the same frames alone, and of all the rows
 * that the recorder writes, made ready before.
 */
import { parseArgs } from "node:util";
import { Context, Effect, ManagedRuntime } from "effect";
import type { Derived } from "../../src/actors/recorder/Derived.ts";
import { derive } from "../../src/actors/recorder/derive.ts";
import { newStream } from "../../src/actors/recorder/StreamState.ts";
import type { Entry } from "../../src/domain/Recording.ts";
import { Database } from "../../src/sql/Database.ts";
import {
  beginRecorded,
  insertFrames,
  insertRecordedMessages,
  insertToolCalls,
} from "../../src/sql/RecordingQueries.ts";
import {
  call,
  dataFolder,
  describe,
  makeTraffic,
  openRecording,
  said,
} from "../../test/support/recording.ts";
import { openDatabase } from "../../test/support/tools.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    pairs: { type: "string", default: "20000" },
    streams: { type: "string", default: "64" },
  },
});
const [pairs, streams] = [Number(flags.pairs), Number(flags.streams)];
const statementRows = 1000;

const db = await openDatabase();

/** Small calls and their answers, over all the streams in turn. */
const talk = (append: (entry: Entry) => void): void => {
  const sessions = Array.from({ length: streams }, () => makeTraffic(append));
  for (let id = 0; id < pairs; id++) {
    const session = sessions[id % streams];
    session?.toUpstream(call(id, "echo", { message: `this is call number ${id}` }));
    session?.toClient(said(id, `this is the answer to call number ${id}`));
  }
};

const secondsOf = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** Rows as the recorder would write them, each entry's at the next number of its conversation. */
const prepared = () => {
  const entries: Array<Entry> = [];
  talk((entry) => entries.push(entry));
  const states = new Map<string, ReturnType<typeof newStream>>();
  const numbers = new Map<string, number>();
  const rows: Array<{ readonly one: Derived; readonly number: number }> = [];
  for (const entry of entries) {
    if (entry._tag === "Stream") {
      states.set(entry.stream, newStream(entry.stream, entry.stream, entry.description));
      continue;
    }
    const state = states.get(entry.stream);
    if (state === undefined) continue;
    const number = (numbers.get(entry.stream) ?? 0) + 1;
    numbers.set(entry.stream, number);
    rows.push({ one: derive(state, entry, 64 * 1024), number });
  }
  return { conversations: [...states.keys()], rows };
};

const writtenByHand = async (what: "frames" | "everything"): Promise<number> => {
  const { conversations, rows } = prepared();
  const limits = {
    minConnections: 1,
    maxConnections: 1,
    acquireTimeoutMs: 5000,
    queryTimeoutMs: 30_000,
  };
  const runtime = ManagedRuntime.make(Database.layer(db.address, limits));
  const context = await runtime.context();
  const database = Context.get(context, Database);
  const run = Effect.runPromiseWith(context);
  const { space } = describe();
  const begun = conversations.map((id) => ({ id, space, session_id: null, metadata: {}, at: 0 }));
  await run(database.run(beginRecorded(begun)));
  const seconds = await secondsOf(async () => {
    for (let next = 0; next < rows.length; next += statementRows) {
      const part = rows.slice(next, next + statementRows);
      const place = ({ stream, entry }: Derived) => ({
        conversation_id: stream.id,
        space,
        at: entry.at,
      });
      const frames = part.flatMap(({ one, number }) =>
        one.entry._tag === "Frame" && one.payload !== null
          ? [{ ...one.entry, ...place(one), sequence: number, payload: one.payload }]
          : [],
      );
      const messages = part.flatMap(({ one, number }) =>
        one.messages.map((message) => ({
          ...message,
          ...place(one),
          metadata: `${message.metadata}}`,
          turn: number,
        })),
      );
      const calls = part.flatMap(({ one }) =>
        one.calls.map(({ request, ...ended }) => ({
          ...ended,
          ...place(one),
          id: request.frame,
          correlation_id: request.correlation_id,
          upstream: one.stream.description.upstream,
          metadata: "{}",
        })),
      );
      await run(
        database.transaction(
          Effect.gen(function* () {
            yield* insertFrames(frames);
            if (what === "frames") return;
            yield* insertRecordedMessages(messages);
            yield* insertToolCalls(calls);
          }),
        ),
      );
    }
  });
  await runtime.dispose();
  return rows.length / seconds;
};

/** Fills the journal within a turn of the event loop, in which nothing can be recorded, and waits until it is empty. */
const recorded = async (): Promise<number> => {
  await using folder = await dataFolder();
  const recording = await openRecording(db.address, folder.path);
  talk(recording.journal.append);
  await Effect.runPromise(recording.journal.flush);
  const frames = recording.journal.state().entries;
  const seconds = await secondsOf(recording.drained);
  await recording.close();
  return frames / seconds;
};

const rate = (value: number): string => `${Math.round(value).toLocaleString("en")} frames/s`;

for (let round = 1; round <= Number(flags.rounds); round++) {
  const frames = await writtenByHand("frames");
  const everything = await writtenByHand("everything");
  const recorder = await recorded();
  console.log(`round ${round}`);
  console.log(`  frames alone, by hand       ${rate(frames)}`);
  console.log(`  all rows, by hand           ${rate(everything)}`);
  console.log(`  recorder                    ${rate(recorder)}`);
  console.log(`  of the frames alone         ${(recorder / frames).toFixed(2)}`);
  console.log(`  of all rows                 ${(recorder / everything).toFixed(2)}`);
  // For two frames there are two messages and a tool call.
  console.log(`  rows a second, of frames'   ${((2.5 * recorder) / frames).toFixed(2)}`);
}
await db.drop();
process.exit(0);
