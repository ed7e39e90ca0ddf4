/** Capture: what passes between a client and an upstream is redacted and in the journal before it is forwarded. */
import { Context, Duration, Effect, Latch, Layer } from "effect";
import type { Direction, Frame } from "../domain/Frame.ts";
import type { ConnectionEvent, StreamDescription } from "../domain/Recording.ts";
import { RecordedStream, type StreamSurroundings } from "./capture/RecordedStream.ts";
import { Journal } from "./Journal.ts";
import { Redaction } from "./Redaction.ts";
import { sparingly } from "./sparingly.ts";

/** One stream of frames; its methods are called on every frame, so they are plain. */
export interface CapturedStream {
  /**
   * Redacts, journals, and calls `forward` once the frame is in the journal or cannot be kept: always, once, and in the
   * order of the calls.
   */
  readonly frame: (direction: Direction, frame: Frame, forward: () => void) => void;
  readonly event: (event: ConnectionEvent) => void;
}

/** Gives each stream its id and writes down what passes. */
export class Capture extends Context.Service<
  Capture,
  {
    /**
     * Begins a stream. A stateless one is the one of before, where the same space, token, client, upstream and session
     * were heard of within half an hour.
     */
    readonly open: (description: StreamDescription) => CapturedStream;
  }
>()("dewey/services/Capture") {
  static readonly layer: Layer.Layer<Capture, never, Journal | Redaction> = Layer.effect(
    Capture,
    Effect.suspend(() => make),
  );
}

const silence = Duration.toMillis(Duration.minutes(30));
/** How many stateless streams are remembered; of one that is forgotten a new one is made, which costs nothing else. */
const mostStateless = 10_000;
/** How many streams that ended may wait to tell of a gap; streams that live do not forget theirs. */
const mostOwing = 10_000;
/** How often a fault of the redaction is told. */
const quietMillis = 10_000;
const retry = Duration.millis(250);
const batch = 100;

/** The stateless streams by what makes them one, the one that was asked for last at the end. */
const statelessStreams = (make: (description: StreamDescription) => RecordedStream) => {
  const streams = new Map<string, RecordedStream>();
  return (description: StreamDescription): RecordedStream => {
    const { space, token, client, upstream, session } = description;
    const key = JSON.stringify([space, token, client, upstream, session]);
    const known = streams.get(key);
    streams.delete(key);
    const isAlive = known !== undefined && Date.now() - known.heardAt < silence;
    const stream = isAlive ? known : make(description);
    streams.set(key, stream);
    const [oldest] = streams.keys();
    if (streams.size > mostStateless && oldest !== undefined) streams.delete(oldest);
    return stream;
  };
};

/** Lets streams tell of what was not kept as soon as the journal takes entries again, silent and ended ones too. */
const tellingOfGaps = Effect.fnUntraced(function* (isTaking: () => boolean) {
  const owing = new Set<RecordedStream>();
  const some = Latch.makeUnsafe();

  const round = Effect.gen(function* () {
    while (owing.size > 0 && isTaking()) {
      for (const stream of [...owing].slice(0, batch)) {
        owing.delete(stream);
        stream.settle();
      }
      yield* Effect.yieldNow;
    }
  });
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.gen(function* () {
        some.closeUnsafe();
        if (owing.size === 0) yield* some.await;
        yield* Effect.sleep(retry);
        yield* round;
      }),
    ),
  );
  return (stream: RecordedStream) => {
    if (owing.size >= mostOwing) return;
    owing.add(stream);
    some.openUnsafe();
  };
});

const make = Effect.gen(function* () {
  const journal = yield* Journal;
  const { redact } = yield* Redaction;
  const log = Effect.runForkWith(yield* Effect.context<never>());
  const faultTold = sparingly(quietMillis);
  const surroundings: StreamSurroundings = {
    journal,
    redact,
    fault: (cause) => {
      if (faultTold()) log(Effect.logError("A frame is not recorded: its redaction failed", cause));
    },
    owes: yield* tellingOfGaps(journal.isTaking),
  };
  const begin = (description: StreamDescription) => new RecordedStream(surroundings, description);
  const stateless = statelessStreams(begin);
  return Capture.of({
    open: (description) =>
      description.kind === "stateless" ? stateless(description) : begin(description),
  });
});
