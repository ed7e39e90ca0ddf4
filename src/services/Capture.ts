/** Capture: what passes between a client and an upstream is redacted and in the journal before it is forwarded. */
import { Cause, Context, Duration, Effect, Latch, Layer } from "effect";
import type { Direction, Frame } from "../domain/Frame.ts";
import type { ConnectionEvent, StreamDescription } from "../domain/Recording.ts";
import { RecordedStream, type StreamSurroundings } from "./capture/RecordedStream.ts";
import { type Exchange, type LentStream, StatelessStreams } from "./capture/StatelessStreams.ts";
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
    /** Begins a stream. */
    readonly open: (description: StreamDescription) => CapturedStream;
    /**
     * Lends a stateless stream for one exchange: one that no other exchange has, of before where the same space, token,
     * client, upstream and session were heard of within half an hour. What is about a request that waits goes to the
     * stream of that.
     */
    readonly lend: (description: StreamDescription, exchange: Exchange) => LentStream;
  }
>()("dewey/services/Capture") {
  static readonly layer: Layer.Layer<Capture, never, Journal | Redaction> = Layer.effect(
    Capture,
    Effect.suspend(() => make),
  );
}

const silence = Duration.toMillis(Duration.minutes(30));
const sweepEvery = Duration.minutes(1);
/** How many streams that ended may wait to tell of a gap; streams that live do not forget theirs. */
const mostOwing = 10_000;
/** How often a fault of the redaction is told. */
const quietMillis = 10_000;
const retry = Duration.millis(250);
const batch = 100;

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
      if (faultTold())
        log(Effect.logError("A frame is not recorded: its redaction failed", Cause.die(cause)));
    },
    owes: yield* tellingOfGaps(journal.isTaking),
  };
  const begin = (description: StreamDescription) => new RecordedStream(surroundings, description);
  const stateless = new StatelessStreams(begin, silence);
  yield* Effect.sync(() => stateless.sweep()).pipe(
    Effect.delay(sweepEvery),
    Effect.forever,
    Effect.forkScoped,
  );
  return Capture.of({
    open: begin,
    lend: (description, exchange) => stateless.lend(description, exchange),
  });
});
