/** Answers that say when their reader is through with them, and that do not wait for ever for one who reads nothing. */
import { Duration } from "effect";

/** What is handed to Bun at a time: it takes a chunk of any size, and waits for the reader between two of them. */
const pieceBytes = 64 * 1024;

/** How long a reader may make no progress at all, as on a WebSocket. */
const stallMillis = Duration.toMillis("30 seconds");

/** The stream of a body that is there already would hold it twice. */
const wholeBody = (response: Response): ReadableStream<Uint8Array> => {
  let isRead = false;
  return new ReadableStream(
    {
      pull: async (controller) => {
        if (isRead) return controller.close();
        isRead = true;
        controller.enqueue(await response.bytes());
      },
    },
    { highWaterMark: 0 },
  );
};

/** Passes a response on as fast as it is read; `done` is called once, when nothing of it waits any more. */
export const whenTaken = (
  response: Response,
  done: () => void,
  stall: number = stallMillis,
): Response => {
  const { body, headers, status } = response;
  if (body === null) {
    done();
    return response;
  }
  const isStream = headers.get("content-type") === "text/event-stream";
  const reader = (isStream ? body : wholeBody(response)).getReader();
  let rest: Uint8Array = new Uint8Array();
  let timer: Timer | undefined;
  const finish = () => {
    clearTimeout(timer);
    done();
  };
  const passage = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clearTimeout(timer);
        if (rest.length === 0) {
          const next: { readonly value?: Uint8Array } = await reader.read();
          if (next.value === undefined) {
            finish();
            controller.close();
            return;
          }
          rest = next.value;
        }
        const piece = rest.subarray(0, pieceBytes);
        rest = rest.subarray(pieceBytes);
        timer = setTimeout(() => {
          const reason = new Error("The client does not read.");
          finish();
          controller.error(reason);
          reader.cancel(reason).catch(() => {});
        }, stall);
        controller.enqueue(piece);
      },
      cancel: (reason) => {
        finish();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(passage, { status, headers });
};
