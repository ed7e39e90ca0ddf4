/**
 * A service of your own that remembers through Dewey: it begins a conversation, stores notes, and finds them again.
 *
 *   DEWEY_URL=ws://127.0.0.1:9020/rpc bun examples/notes-service.ts
 */
import { type CallError, DeweyClient, isRetryable } from "dewey/rpc";
import { Config, Console, Context, Effect, Layer, Schedule } from "effect";

/** For calls that may be repeated: a call that Dewey did not answer is sent again, a few times. */
const repeat = <A>(call: Effect.Effect<A, CallError>) =>
  Effect.retry(call, {
    while: isRetryable,
    schedule: Schedule.exponential("100 millis").pipe(Schedule.jittered),
    times: 5,
  });

/** Notes of one session, kept in a conversation. */
class Notes extends Context.Service<Notes>()("example/Notes", {
  make: Effect.gen(function* () {
    const dewey = yield* DeweyClient;
    const conversation_id = crypto.randomUUID();
    yield* repeat(dewey.dewey_begin_conversation({ conversation_id, session_id: "notes" }));

    const write = Effect.fn("Notes.write")(function* (content: string) {
      // With an id of our own the same note is never stored twice, however often the call is repeated.
      const message_id = crypto.randomUUID();
      const note = { conversation_id, message_id, role: "user", content } as const;
      const { turn_number } = yield* repeat(dewey.dewey_store_message(note));
      return turn_number;
    });

    const find = Effect.fn("Notes.find")(function* (query: string) {
      const found = yield* repeat(dewey.dewey_search({ query, conversation_id, limit: 5 }));
      return found.results.map(({ turn, snippet }) => `${turn}: ${snippet}`);
    });

    return { write, find };
  }),
}) {
  static readonly layer = Layer.effect(Notes, Notes.make);
}

const DeweyLive = Layer.unwrap(
  Effect.gen(function* () {
    const url = yield* Config.String("DEWEY_URL").pipe(
      Config.withDefault("ws://127.0.0.1:9020/rpc"),
    );
    const token = yield* Config.Redacted("DEWEY_TOKEN").pipe(Config.withDefault(undefined));
    return DeweyClient.layer({ url, token });
  }),
);

const program = Effect.gen(function* () {
  const notes = yield* Notes;
  yield* notes.write("The nightly import failed because the disk was full.");
  yield* notes.write("Lunch was good.");
  const turn = yield* notes.write("We moved the import to the larger machine.");
  yield* Console.log(`Stored ${turn} notes.`);
  for (const line of yield* notes.find("Why did the import fail?")) yield* Console.log(line);
});

await Effect.runPromise(Effect.provide(program, Layer.provide(Notes.layer, DeweyLive)));
