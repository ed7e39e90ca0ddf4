/** The way to a store in a thread of its own. */
import { Schema } from "effect";
import type { StoreOptions } from "./SegmentStore.ts";
import { failedReply, Reply, type StoreLink } from "./storeRequests.ts";

/**
 * The thread's module. An executable holds all modules in one, at the place of `src/main.ts`, and this one as a second
 * entry point: `bun build --compile src/main.ts src/services/journal/storeWorker.ts`.
 */
const storeWorker = new URL(
  import.meta.url.includes("/$bunfs/") ? "./services/journal/storeWorker.ts" : "./storeWorker.ts",
  import.meta.url,
);

const decodeReply = Schema.decodeUnknownSync(Reply);

/** Starts the thread; it ends once the store is closed. */
export const workerLink = (options: StoreOptions): StoreLink => {
  const worker = new Worker(storeWorker);
  const waiting: Array<(reply: Reply) => void> = [];
  let fault: string | undefined;

  const end = (message: string) => {
    fault = message;
    worker.terminate();
    for (const answered of waiting.splice(0)) answered(failedReply(message));
  };
  worker.onmessage = ({ data }: MessageEvent<unknown>) => waiting.shift()?.(decodeReply(data));
  worker.onerror = ({ message }) =>
    end(
      `The thread that writes the journal has ended: ${message}. Start Dewey again; what the journal holds is recorded then.`,
    );
  worker.postMessage(options, []);

  return (request, answered) => {
    if (fault !== undefined) return answered(failedReply(fault));
    waiting.push(
      request._tag === "Close"
        ? (reply) => {
            answered(reply);
            end("The journal is closed.");
          }
        : answered,
    );
    // The bodies were made for this and are nobody else's.
    const bodies = request._tag === "Write" ? request.segments.map(({ body }) => body.buffer) : [];
    worker.postMessage(
      request,
      bodies.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  };
};
