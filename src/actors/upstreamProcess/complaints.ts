/** What a child prints to its standard error: lines of the log, within bounds, and the last of them for the reason of its end. */
import { Context, Effect, Layer, type Scope } from "effect";
import { Redaction } from "../../services/Redaction.ts";

/** What was heard of a child so far. */
export interface Complaints {
  /** The last line that is not empty. */
  readonly last: string | undefined;
  /** Waits until the child has said all, or so long. */
  readonly heard: (millis: number) => Promise<void>;
}

/** A longer line is cut. */
const longestLine = 2000;

/** How much of the last line stands in a reason. */
const longestLast = 300;

/** More lines in a second are counted, and not shown. */
const mostInSecond = 50;

/** Programs complain about keys that they show: what stands in logs and in health is without them in any case. */
const redaction = Layer.build(Redaction.layer({ enabled: true, patterns: [] }));

type Redact = Redaction["Service"]["redact"];

class Hearing implements Complaints {
  last: string | undefined;
  readonly #redact: Redact;
  readonly #decoder = new TextDecoder();
  readonly #all = Promise.withResolvers<void>();
  #rest = "";
  #second = 0;
  #inSecond = 0;
  #leftOut = 0;

  constructor(redact: Redact) {
    this.#redact = redact;
  }

  async heard(millis: number): Promise<void> {
    await Promise.race([this.#all.promise, Bun.sleep(millis)]);
  }

  end(): ReadonlyArray<string> {
    const lines = this.take(new TextEncoder().encode("\n"));
    this.#all.resolve();
    return lines;
  }

  /** The lines that are to be shown. */
  take(chunk: Uint8Array): ReadonlyArray<string> {
    const lines = `${this.#rest}${this.#decoder.decode(chunk, { stream: true })}`.split(
      /\r\n|\n|\r/,
    );
    // What comes after the cut of a line without end is cut as well, a piece at a time.
    this.#rest = (lines.pop() ?? "").slice(0, longestLine);
    return lines
      .map((line) => line.slice(0, longestLine).trimEnd())
      .filter((line) => line.trim() !== "")
      .flatMap((line) => this.#shown(String(this.#redact(line).frame)));
  }

  #shown(line: string): ReadonlyArray<string> {
    this.last = line.trim().slice(0, longestLast);
    const second = Math.floor(performance.now() / 1000);
    const leftOut = this.#leftOut;
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
      this.#leftOut = 0;
    }
    if (this.#inSecond >= mostInSecond) {
      this.#leftOut++;
      return [];
    }
    this.#inSecond++;
    return leftOut > 0 && this.#leftOut === 0 ? [`${leftOut} lines are left out.`, line] : [line];
  }
}

/** Listens for as long as the scope. */
export const hearComplaints = Effect.fnUntraced(function* (
  stream: ReadableStream<Uint8Array>,
  upstream: string,
): Effect.fn.Return<Complaints, never, Scope.Scope> {
  const { redact } = Context.get(yield* redaction, Redaction);
  const hearing = new Hearing(redact);
  const reader = yield* Effect.acquireRelease(
    Effect.sync(() => stream.getReader()),
    (open) => Effect.promise(() => open.cancel().catch(() => {})),
  );
  const show = (lines: ReadonlyArray<string>) =>
    Effect.forEach(lines, (line) => Effect.logDebug(line), { discard: true }).pipe(
      Effect.annotateLogs("upstream", upstream),
    );
  const chunk = Effect.promise(() => reader.read().catch(() => undefined));
  yield* Effect.gen(function* () {
    for (let read = yield* chunk; read?.value !== undefined; read = yield* chunk) {
      yield* show(hearing.take(read.value));
    }
    yield* show(hearing.end());
  }).pipe(Effect.forkScoped);
  return hearing;
});
